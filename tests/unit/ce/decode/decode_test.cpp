#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/protocols.hpp"
#include "ce/ctl/decode/run.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/mars/message.hpp"
#include "proto/pl/vc.hpp"
#include "proto/wire/snap.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::decode {
namespace {

struct Output {
  int status;
  std::string out, err;
};

Output run(const std::string& protocol, const std::string& in, bool reencode = false) {
  std::istringstream input(in);
  std::ostringstream out, err;
  const int status =
      run_decode({.protocol = protocol, .reencode = reencode, .pcap_file = {}}, input, out, err);
  return {status, out.str(), err.str()};
}

// The one line that one message gives.
Json json_of(const std::string& protocol, const std::string& hex_text) {
  return Json::parse(run(protocol, hex_text).out);
}

TEST(DecodeInput, ALineMayHoldBlanksNamesAndComments) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"10020004", "10020004"},
      {"  10 02\t0004 \r", "10020004"},
      {"2.13 AssocSetup 1002000A", "1002000a"},
      {"10020004 # a heartbeat", "10020004"},
      {"# nothing", ""},
      {"", ""},
      {" \t\r", ""},
  };
  for (const auto& [line, want] : cases) {
    const auto octets = octets_of_line(line);
    ASSERT_TRUE(octets) << line;
    EXPECT_EQ(to_hex(*octets), want) << line;
  }
}

TEST(DecodeInput, WhatIsNoHexIsNamed) {
  EXPECT_EQ(octets_of_line("1002 00 0x"), fail(Errc::BadValue, "hex", 0));
  EXPECT_EQ(octets_of_line("name 1002zz"), fail(Errc::BadValue, "hex", 2));
  EXPECT_EQ(octets_of_line("10020"), fail(Errc::Truncated, "hex", 2));
}

TEST(DecodeRun, OneLineForEveryMessageAndStatusOneWhenOneFailed) {
  const Output output = run("tml",
                            "# frames\n"
                            "10020004\n"
                            "\n"
                            "20020004\n"
                            "xyz\n"
                            "10020004\n");
  EXPECT_EQ(output.status, 1);
  std::istringstream lines(output.out);
  std::vector<Json> json;
  for (std::string line; std::getline(lines, line);) json.push_back(Json::parse(line));
  ASSERT_EQ(json.size(), 4u);
  EXPECT_EQ(json[0]["type"], "Heartbeat");
  EXPECT_EQ(json[1].dump(), R"({"error":{"code":"bad_version","offset":0,"field":"tml.version"}})");
  EXPECT_EQ(json[2].dump(), R"({"error":{"code":"bad_value","offset":0,"field":"hex"}})");
  EXPECT_EQ(json[3]["type"], "Heartbeat");
  EXPECT_EQ(run("tml", "10020004\n").status, 0);
}

TEST(DecodeRun, AnUnknownProtocolIsAUsageError) {
  const Output output = run("smtp", "10020004\n");
  EXPECT_EQ(output.status, 64);
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.err, "decode: unknown protocol smtp\n");
}

TEST(DecodeReencode, AllVectorsComeBackOctetForOctet) {
  for (const auto& [protocol, file] :
       {std::pair{"pl", "forces-pl/pl.hex"}, std::pair{"pl", "forces-pl/made.hex"},
        std::pair{"pl", "forces-pl/rfc.hex"}, std::pair{"tml", "tml/messages.hex"},
        std::pair{"rsvp", "rsvp/golden.hex"}, std::pair{"rsvp", "rsvp/made.hex"}}) {
    const auto vectors = test::load_vectors(file);
    std::string in, want;
    for (const auto& vector : vectors) {
      in += vector.name + " " + to_hex(vector.octets) + "\n";
      want += to_hex(vector.octets) + "\n";
    }
    const Output output = run(protocol, in, true);
    EXPECT_EQ(output.status, 0) << file;
    EXPECT_EQ(output.out, want) << file;
    EXPECT_EQ(run(protocol, in).status, 0) << file;
  }
}

TEST(DecodeRsvp, NamesObjectsAndErrors) {
  const auto vectors = test::load_vectors("rsvp/golden.hex");
  const auto golden = [&](std::string_view number) {
    for (const auto& vector : vectors) {
      if (vector.name.starts_with(number)) return json_of("rsvp", to_hex(vector.octets));
    }
    return Json();
  };
  const Json path = golden("01");
  EXPECT_EQ(path["type"], "Path");
  EXPECT_EQ(path["objects"][1].dump(),
            R"({"class":"SESSION","classNum":1,"cType":7,"endPoint":"192.0.2.25","callId":257,)"
            R"("tunnelId":7,"extendedTunnelId":"192.0.2.2"})");
  EXPECT_EQ(path["objects"][2]["tlvs"].dump(),
            R"([{"type":3,"name":"IF_INDEX","address":"192.0.2.2","interfaceId":21}])");
  EXPECT_EQ(path["objects"][4]["route"][4].dump(),
            R"({"labels":["0x00040000"],"upstream":true,"flags":128,"cType":2})");
  const Json error = golden("04")["objects"][3];
  EXPECT_EQ(error["code"], 24);
  EXPECT_EQ(error["name"], "Routing Problem");
  EXPECT_EQ(error["value"], 22);
  EXPECT_EQ(error["valueName"], "Re-routing limit exceeded");
  EXPECT_EQ(error["tlvs"][3]["exclusions"][1]["interfaceId"], 33);
  EXPECT_EQ(error["tlvs"][4]["text"], "3 of 3 attempts used");
}

TEST(DecodeRsvp, WhatIsNotKnownIsShownWithItsTreatment) {
  const Json json = json_of("rsvp",
                            "11010000ff000010"
                            "00082f0501020304");
  EXPECT_EQ(json["checksum"], "none");
  EXPECT_EQ(json["rejectedWith"].dump(),
            R"({"code":13,"name":"Unknown object class","value":12037,"valueName":""})");
  EXPECT_EQ(json["objects"][0].dump(),
            R"({"class":"Unknown","classNum":47,"cType":5,"treatment":"reject-class",)"
            R"("octets":"01020304"})");
  EXPECT_EQ(json_of("rsvp",
                    "11010000ff00000c"
                    "00041002")
                .dump(),
            R"({"error":{"code":"missing","offset":12,"field":"rsvp.label"}})");
}

TEST(DecodeReencode, APlFrameGetsTheHeaderThatSendersWrite) {
  const std::string pl =
      "100f000600000002400000010000000000000000"
      "08000000";
  EXPECT_EQ(run("tml", "1fc00000" + pl, true).out, "1040001c" + pl + "\n");
  EXPECT_EQ(run("tml", "10c00000" + pl.substr(8), true).status, 1);
}

TEST(DecodeReencode, TmlTlvsKeepTheirOrderAndUnknownOnesTheirContent) {
  for (const std::string frame :
       {"10020014"
        "000f000800000001"
        "0001000800000002",                          // 15 before 1
        "1002001400010008000000020100000568000000",  // 256 is unknown: one octet
        "1001001000100006abcd0000"
        "00000004",          // 16 and 0 are unknown
        "10300008aabbccdd",  // a private type's own body
        "10300004"}) {
    EXPECT_EQ(run("tml", frame, true).out, frame + "\n");
  }
  EXPECT_EQ(run("tml", "1030000701aabb", true).out, "1030000801aabb00\n") << "padded by senders";
  EXPECT_EQ(run("tml", "1f820004", true).out, "10020004\n") << "reserved bits are sent as 0";
}
TEST(DecodeReencode, EveryPlMessageTypeMayBeEmptyAndHoldWhatNobodyKnows) {  // RFC 5810 section 7
  for (const std::string type :
       {"01", "02", "03", "04", "05", "06", "0f", "11", "13", "14", "7f", "80"}) {
    const std::string rest = "00000002400000010000000000000007";
    for (const std::string& message :
         {"10" + type + "0006" + rest + "f8f80000", "10" + type + "0006" + rest + "ffffffff",
          "10" + type + "000a" + rest +
              "38000000"
              "80000005aa000000"
              "01190008deadbeef",
          "10" + type + "0007" + rest +
              "38000000"
              "80000004"}) {
      const Output output = run("pl", message, true);
      EXPECT_EQ(output.out, message + "\n");
      EXPECT_EQ(output.status, 0);
    }
  }
}
TEST(DecodeReencode, RedirectsKeepWhatTheyHold) {  // RFC 5810 section 7.9
  const std::string head = "000000024000000100000000000000001000000";
  const std::string empty = "10060007" + head +
                            "0"
                            "00010004";
  EXPECT_EQ(run("pl", empty, true).out, empty + "\n");
  // Metadata of no octets, of one, of four; a packet of five; two packets in a message.
  const std::string redirect =
      "00010038"
      "01150024"
      "0000000e0000000c00000001"
      "8000000100000009aa000000"
      "8000000200000008"
      "01160009"
      "4500000102"
      "000000"
      "80010004";
  const std::string message = "10060022" + head + "0" + redirect + redirect;
  EXPECT_EQ(run("pl", message, true).out, message + "\n");
}
TEST(DecodeReencode, FailuresAreObjectsWithAPlaceAndStatusOne) {
  const Output output = run("tml", "1002000800010040", true);
  EXPECT_EQ(output.status, 1);
  const auto error = nlohmann::json::parse(output.out).at("error");
  EXPECT_EQ(error.at("code"), "truncated");
  EXPECT_TRUE(error.at("offset").is_number());
  EXPECT_EQ(error.at("field"), "tml.tlv");
}

TEST(DecodeTml, AFrameOfItsOwnGivesFieldsByName) {
  const Json json =
      json_of("tml",
              "1001 003c  0001 0008 00000002  0002 0008 00000001  0007 000b 00000003 62ff64 00"
              "  000c 000c 0102030405060708  0020 0005 ee 000000  0008 0008 000003e8");
  EXPECT_EQ(json.dump(-1, ' ', false, Json::error_handler_t::replace),
            R"({"type":"ChannelClose","typeCode":1,"version":1,"reserved":0,"f":0,"length":60,)"
            R"("tlvs":{"PL-ID":"0x00000002","Channel-Type":"control","Reason":{"code":3,)"
            R"("name":"auth","text":"b)"
            "\xEF\xBF\xBD"
            R"(d"},"HB-Interval":1000,)"
            R"("Timestamp":"0x0102030405060708"},"unknown":[{"type":32,"value":"ee"}]})");
}

TEST(DecodeTml, AnUnknownTypeIsShownByItsNumber) {
  const Json json = json_of("tml", "10b0 0008 00000000");
  EXPECT_EQ(json["type"], "Unknown");
  EXPECT_EQ(json["typeCode"], 48);
  EXPECT_EQ(json["reserved"], 1);
}

TEST(DecodeTml, AFrameWithAPlMessageGivesBoth) {
  const Json json =
      json_of("tml", "1040 001c  100f0006 00000002 40000001 0000000000000007 08000000");
  EXPECT_EQ(json["tml"].dump(),
            R"({"type":"PL","typeCode":0,"version":1,"reserved":0,"f":1,"length":28})");
  EXPECT_EQ(json["pl"]["type"], "Heartbeat");
}

TEST(DecodeTml, PlacesOfErrorsCountFromTheFrame) {
  const std::pair<std::string_view, Error> cases[] = {
      {"1040", {Errc::Truncated, 2, "tml.length"}},
      {"1040001c", {Errc::Truncated, 4, "pl.version"}},
      {"1040001c 100f0005 00000002 40000001 0000000000000007 08000000",
       {Errc::BadLength, 6, "pl.length"}},
      {"1040001c 100f0007 00000002 40000001 0000000000000007 08000000",
       {Errc::Truncated, 6, "pl.length"}},
      {"1040001c 100f0006 00000002 40000001 0000000000000007 08000000 10020004",
       {Errc::TrailingOctets, 28, "pl.length"}},
      {"10020004 10020004", {Errc::TrailingOctets, 4, "tml.length"}},
  };
  for (const auto& [text, want] : cases) {
    const auto octets = octets_of_line(text);
    const auto json = find_protocol("tml")->to_json(*octets);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error(), want) << text;
  }
}

TEST(DecodePl, AllHeaderFieldsAreThere) {
  const Json json = json_of("pl", "10030006 40000001 fffffffe 00000000000000ff c8780000");
  EXPECT_EQ(json.dump(),
            R"({"type":"Config","typeCode":3,"version":1,"length":24,"source":"0x40000001",)"
            R"("sourceKind":"ce","destination":"0xfffffffe","destinationKind":"all-fes",)"
            R"("correlator":"0x00000000000000ff","flags":{"value":"0xc8780000",)"
            R"("ACK":"AlwaysACK","Pri":1,"EM":"execute-all-or-none","AT":true,"TP":"ABT"},)"
            R"("tlvs":[]})");
}

TEST(DecodePl, TheTreeOfASubscriptionIsShown) {
  const Json json =
      json_of("pl",
              "1003001040000001000000020000000000000004f8400000100000280000000300000001"
              "0002001c01100018000000020000003c000000010112000800000001");
  EXPECT_EQ(
      json["tlvs"].dump(),
      R"([{"tlv":"LFBselect","classID":3,"className":"EtherPHYCop","instanceID":1,)"
      R"("operations":[{"oper":"SET-PROP","type":2,"tlvs":[{"tlv":"PATH-DATA",)"
      R"("flags":"0x0000","path":"60.1","tlvs":[{"tlv":"FULLDATA","value":"00000001"}]}]}]}])");
}

TEST(DecodePl, EveryKindOfTlvHasItsForm) {
  const std::pair<std::string, std::string> cases[] = {
      {"SparseDataHoldsIlvs", R"({"tlv":"SPARSEDATA","ilvs":[{"id":2,"value":"aa"},)"
                              R"({"id":3,"value":"00000001"}]})"},
      {"KeyInfo", R"("KEYINFO":{"keyID":1,"FULLDATA":"0a00000100000018"})"},
      {"TableRange", R"("TABLERANGE":{"start":11,"end":23})"},
      {"Results", R"([{"tlv":"RESULT","code":12,"result":"E_READ_ONLY"},)"
                  R"({"tlv":"EXTENDEDRESULT","code":24,"result":"E_TIMED_OUT","cause":"lat"}])"},
      {"UnknownTlvEverywhere", R"({"tlv":"unknown","type":"0x9002","value":""})"},
      {"UnknownOperationKeepsItsContent", R"({"oper":"Unknown","type":15,"value":"0102030405"})"},
      {"AsResult", R"([{"tlv":"ASResult","code":2,"result":"PermissionDenied"}])"},
      {"AsTreason", R"([{"tlv":"ASTreason","code":255,"reason":"Other"}])"},
      {"RedirectWithBothParts",
       R"({"tlv":"REDIRECT","tlvs":[{"tlv":"METADATA","ilvs":[{"id":14,"name":"RedirectIndex",)"
       R"("value":"00000007"}]},{"tlv":"REDIRECTDATA","length":2,"value":"4500"}]})"},
  };
  const auto vectors = test::load_vectors("forces-pl/made.hex");
  for (const auto& [name, want] : cases) {
    const auto vector = std::ranges::find(vectors, name, &test::Vector::name);
    ASSERT_NE(vector, vectors.end()) << name;
    const std::string got = json_of("pl", to_hex(vector->octets))["tlvs"].dump();
    EXPECT_NE(got.find(want), std::string::npos) << name << ": " << got;
  }
}

TEST(DecodePl, DataInAResultIsShown) {  // RFC 5810 figure 17, appendix D.13
  const auto vectors = test::load_vectors("forces-pl/rfc.hex");
  const auto vector = std::ranges::find(vectors, "RFC5810-D.13-response", &test::Vector::name);
  const Json json = json_of("pl", to_hex(vector->octets));
  EXPECT_EQ(json["tlvs"][0]["operations"][0].dump(),
            R"({"oper":"SET-RESPONSE","type":3,"tlvs":[{"tlv":"PATH-DATA","flags":"0x0000",)"
            R"("path":"4.20","tlvs":[{"tlv":"RESULT","code":0,"result":"E_SUCCESS",)"
            R"("FULLDATA":"00000064000000c8"}]}]})");
}

TEST(DecodePl, AMarsMessageOnAVcIsShown) {
  mars::Message join{.operation = mars::Operation::Join,
                     .source = mars::encode_element({{7}, {0xc0000207, 4789}})};
  join.ranges = {{mars::ipv4_address(0xef010203), mars::ipv4_address(0xef010203)}};
  const auto snap = wire::snap_header(wire::SnapPid::MarsControl);
  std::vector<std::byte> sdu(snap.begin(), snap.end());
  const auto body = mars::encode_message(join).value();
  sdu.insert(sdu.end(), body.begin(), body.end());
  const auto shown = [](pl::VcKind kind, wire::Bytes octets) {
    return json_of("pl", to_hex(pl::encode_vc({7}, {0x40000001}, kind, octets).value()));
  };
  const Json json = shown(pl::VcKind::PointToPoint, sdu);
  EXPECT_EQ(json["type"], "MarsVc");
  EXPECT_EQ(json["vc"], "point_to_point");
  EXPECT_EQ(json["mars"], json_of("mars", to_hex(body)));
  sdu.pop_back();  // what is no message stays octets
  const Json bad = shown(pl::VcKind::Cluster, sdu);
  EXPECT_EQ(bad["vc"], "ccvc");
  EXPECT_FALSE(bad.contains("mars"));
  EXPECT_EQ(bad["tlvs"][0]["value"], to_hex(sdu));
}

TEST(DecodePl, WhatWasToleratedIsListed) {
  const Json json = json_of("pl", "1f01 0006 00000002 40000003 0000000000000001 f8000000");
  EXPECT_EQ(json["quirks"].dump(), R"(["reserved_bits","irrelevant_flags"])");
  EXPECT_FALSE(
      json_of("pl", "1001 0006 00000002 40000003 0000000000000001 38000000").contains("quirks"));
}

TEST(DecodePl, WhatDoesNotDecodeSaysWhereAndWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"1003 0006 40000001 00000002 0000000000000001", "truncated,20,pl.flags"},
      {"1003 0007 40000001 00000002 0000000000000001 00c00000 10000000", "bad_length,26,pl.tlv"},
      {"1003 000c 40000001 00000002 0000000000000001 00c00000"
       "1000 0018 00000001 00000001 0001 000c 0110 0008 0000 0001",
       "truncated,48,pl.pathdata.ids"},
      {"1003 000d 40000001 00000002 0000000000000001 00c00000"
       "1000 001c 00000001 00000001 0003 0010 0110 000c 0000 0000 0114 0004",
       "bad_length,52,pl.result"},
  };
  for (const auto& [octets, want] : cases) {
    const Json error = json_of("pl", octets)["error"];
    EXPECT_EQ(error["code"].get<std::string>() + "," + std::to_string(error["offset"].get<int>()) +
                  "," + error["field"].get<std::string>(),
              want);
  }
}

TEST(DecodeCommand, IsRegisteredForEveryProtocol) {
  CLI::App app;
  int status = 0;
  add_decode(app, status);
  for (const Protocol& protocol : protocols()) {
    EXPECT_NO_THROW((void)app.get_subcommand("decode")->get_subcommand(std::string(protocol.name)));
  }
  EXPECT_THROW(app.parse("decode"), CLI::ParseError);
  EXPECT_THROW(app.parse("decode smtp"), CLI::ParseError);
}

TEST(DecodeCommand, RunsOnStandardInputAndLeavesItsStatus) {
  std::istringstream in("20020004\n");
  std::ostringstream out;
  auto* const old_in = std::cin.rdbuf(in.rdbuf());
  auto* const old_out = std::cout.rdbuf(out.rdbuf());
  CLI::App app;
  int status = 0;
  add_decode(app, status);
  app.parse("decode tml --reencode");
  std::cin.rdbuf(old_in);
  std::cout.rdbuf(old_out);
  EXPECT_EQ(status, 1);
  EXPECT_EQ(out.str(), R"({"error":{"code":"bad_version","offset":0,"field":"tml.version"}})"
                       "\n");
}

}  // namespace
}  // namespace forces::decode
