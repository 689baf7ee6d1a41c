// `forcesctl decode scsp` and `mars`.
#include <gtest/gtest.h>

#include <sstream>

#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/protocols.hpp"
#include "ce/ctl/decode/run.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::decode {
namespace {

struct Output {
  int status;
  std::string out;
};

Output run(const std::string& protocol, const std::string& in, bool reencode = false) {
  std::istringstream input(in);
  std::ostringstream out, err;
  const int status =
      run_decode({.protocol = protocol, .reencode = reencode, .pcap_file = {}}, input, out, err);
  return {status, out.str()};
}

std::string vector_hex(const std::string& file, const std::string& name) {
  for (const auto& vector : test::load_vectors(file)) {
    if (vector.name == name || vector.name.starts_with(name + " ")) return to_hex(vector.octets);
  }
  ADD_FAILURE() << "no " << name << " in " << file;
  return {};
}

Json json_of(const std::string& protocol, const std::string& hex_text) {
  return Json::parse(run(protocol, hex_text).out);
}

TEST(DecodeReencode, VectorsOfScspAndMarsComeBackOctetForOctet) {
  for (const std::string protocol : {"scsp", "mars"}) {
    for (const std::string& file : {protocol + "/" + protocol + ".hex", protocol + "/made.hex"}) {
      std::string in;
      for (const auto& vector : test::load_vectors(file)) {
        if (!vector.name.starts_with("neg_")) in += to_hex(vector.octets) + "\n";
      }
      const Output output = run(protocol, in, true);
      EXPECT_EQ(output.status, 0) << file;
      EXPECT_EQ(output.out, in) << file;
      EXPECT_EQ(run(protocol, in).status, 0) << file;
    }
  }
}

TEST(DecodeScsp, AHelloListsItsReceivers) {
  EXPECT_EQ(json_of("scsp", vector_hex("scsp/scsp.hex", "hello_3rid_pid3")).dump(),
            R"({"type":"Hello","typeCode":5,"protocol":"MARS","protocolId":3,"serverGroup":23,)"
            R"("sender":"10.1.1.1","receivers":["10.1.1.2","10.1.1.3","10.1.1.4"],)"
            R"("helloInterval":10,"deadFactor":4,"family":0})");
}

TEST(DecodeScsp, ACaSaysItsFlagsAndAnExtensionItsKind) {
  const Json json = json_of("scsp", vector_hex("scsp/scsp.hex", "auth_ca_master_2csas"));
  EXPECT_EQ(json["M"], true);
  EXPECT_EQ(json["I"], false);
  EXPECT_EQ(json["caSequence"], 905969665);
  EXPECT_EQ(json["records"].size(), 2u);
  EXPECT_EQ(json["records"][0].dump(),
            R"({"hopCount":1,"null":false,"sequence":-2147483647,"key":"deadbeef",)"
            R"("originator":"10.1.1.2"})");
  EXPECT_EQ(json["extensions"].dump(), R"([{"extension":"Authentication","type":1,"spi":257,)"
                                       R"("mac":"654a4a82ce50f03755755d0a8cf2dfe9"}])");
}

TEST(DecodeScsp, ACsaOfMarsIsShownAsItsEntry) {
  const Json json =
      json_of("scsp", vector_hex("scsp/scsp.hex", "csu_request_mars_client_join_block"));
  EXPECT_EQ(json["records"][0]["entry"].dump(),
            R"({"state":"client_join","stateCode":3,"protocol":"0x0800","flags":{"value":"0x0007",)"
            R"("layer3grp":false,"copy":false,"register":false,"punched":false,"sequence":7},)"
            R"("cmi":258,"source":{"type":"NSAPA",)"
            R"("number":"47000580ffdc00000000020001002048061de70b"},)"
            R"("sourceProtocol":"10.1.1.11","range":{"min":"224.0.0.0","max":"239.255.255.255"}})");
}

TEST(DecodeScsp, ARecordOfAnUnknownStateSaysItsErrorAndFault) {
  auto octets = *from_hex(vector_hex("scsp/scsp.hex", "csu_request_mars_mcs_deregister"));
  octets[28 + 20 + 11] = std::byte{9};
  wire::store_be<2>(&octets[4], 0);
  wire::store_be<2>(&octets[4], wire::internet_checksum(octets));
  const Json entry = json_of("scsp", to_hex(octets))["records"][0]["entry"];
  EXPECT_EQ(entry["error"].dump(), R"({"code":"unknown_type","offset":59,"field":"csa.state"})");
  EXPECT_EQ(entry["fault"], "discard_record");
}

TEST(DecodeScsp, ARefusedPacketIsAnErrorObject) {
  const Output output = run("scsp", vector_hex("scsp/scsp.hex", "neg_bad_checksum"));
  EXPECT_EQ(output.status, 1);
  EXPECT_EQ(output.out, R"({"error":{"code":"bad_checksum","offset":4,"field":"scsp.checksum"}})"
                        "\n");
}

TEST(DecodeMars, AJoinHasFlagsAndRanges) {
  EXPECT_EQ(
      json_of("mars", vector_hex("mars/mars.hex", "join_block_punched_ccvc")).dump(),
      R"({"operation":"MARS_JOIN","op":4,"checksummed":true,"protocol":"0x0800",)"
      R"("source":{"type":"NSAPA","number":"47000580ffdc00000000020001002048061de70c"},)"
      R"("sourceProtocol":"10.1.1.12","flags":{"value":"0x5007","layer3grp":false,"copy":true,)"
      R"("register":false,"punched":true,"sequence":7},"cmi":0,"msn":258,)"
      R"("ranges":[{"min":"224.0.0.0","max":"224.1.2.2"},{"min":"224.1.2.4","max":"239.255.255.255"}]})");
}

TEST(DecodeMars, ARedirectMapHasItsTargetsInOrder) {
  const Json json = json_of("mars", vector_hex("mars/mars.hex", "redirect_map_hard"));
  EXPECT_EQ(json["hard"], true);
  EXPECT_EQ(json["last"], true);
  EXPECT_EQ(json["targets"][0]["number"], "47000580ffdc00000000020001002048061de702");
  EXPECT_EQ(json["targets"][1]["number"], "47000580ffdc00000000020001002048061de701");
}

TEST(DecodeMars, ATlvSaysWhatItDoesToItsMessage) {
  const Json json = json_of("mars", vector_hex("mars/mars.hex", "join_tlv_drop"));
  EXPECT_EQ(json["tlvs"].dump(), R"([{"type":"0x7800","value":""}])");
  EXPECT_EQ(json["tlvAction"], "drop");
}

TEST(DecodeMars, OtherFormsShowTheirParts) {
  EXPECT_EQ(json_of("mars", vector_hex("mars/mars.hex", "grouplist_reply"))["groups"].dump(),
            R"(["239.1.1.1","239.1.1.2"])");
  EXPECT_EQ(json_of("mars", vector_hex("mars/mars.hex", "request"))["group"], "239.1.1.1");
  const Json e164 = json_of("mars", vector_hex("mars/mars.hex", "join_e164_sub"));
  EXPECT_EQ(e164["source"].dump(), R"({"type":"E.164","number":"3135353531323334353637",)"
                                   R"("subaddress":"47000580ffdc00000000020001002048061de70a"})");
  const Json snap = json_of("mars", vector_hex("mars/made.hex", "LeaveOfALongFormProtocol"));
  EXPECT_EQ(snap["snap"], "0000008137");
}

TEST(DecodeIgmp, NamesWhatAPacketHolds) {
  const Json report = json_of("igmp", vector_hex("igmp/igmp.hex", "v3_report_of_all_types"));
  EXPECT_EQ(report["protocol"], "IGMP");
  EXPECT_EQ(report["destination"], "224.0.0.22");
  EXPECT_EQ(report["records"].size(), 6U);
  EXPECT_EQ(report["records"][4].dump(),
            R"({"type":"ALLOW_NEW_SOURCES","group":"239.1.2.3","sources":["198.51.100.1"]})");
  const Json query = json_of("mld", vector_hex("igmp/igmp.hex", "mld2_source_query"));
  EXPECT_EQ(query["protocol"], "MLD");
  EXPECT_EQ(query["maxResponseMs"], 1000);
  EXPECT_EQ(query["sources"].dump(), R"(["2001:db8::1"])");
  EXPECT_EQ(json_of("igmp",
                    vector_hex("igmp/igmp.hex", "mld2_report_without_router_alert"))["asRequired"],
            false);
}

TEST(DecodeIgmp, VectorsComeBackOctetForOctet) {
  for (const auto& vector : test::load_vectors("igmp/igmp.hex")) {
    const bool ours =
        !vector.name.starts_with("v1_") && vector.name.find("more") == std::string::npos;
    const Output again = run("igmp", to_hex(vector.octets), true);
    EXPECT_EQ(again.status, 0);
    if (ours) {
      EXPECT_EQ(again.out, to_hex(vector.octets).append("\n")) << vector.name;
    }
  }
}

}  // namespace
}  // namespace forces::decode
