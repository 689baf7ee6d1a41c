-- Wireshark and tshark dissector of the ForCES TCP TML (draft-khosravi-forces-tcptml-01) and of the
-- ForCES PL messages in it (RFC 5810). tml/README.md and proto/tml/README.md are what it follows.
--
-- A dissector of our own for the PL as well: Wireshark's reads top-level TLV lengths as 32-bit words
-- and path IDs two octets early (4.0 and 4.4). `-o tml.builtin:TRUE` shows that one beside ours, with
-- its input bent so that the first of its errors does not show; our tests compare the two.

local tml = Proto("tml", "ForCES TCP TML")
local pl = Proto("forces_pl", "ForCES PL message")

local ALPN = "forces-tml/1"
local PL_FLAG, HEADER, PL_HEADER, MAX_TML = 0x0040, 4, 24, 4096

local message_names = {
  [0] = "PL message", "Channel Close", "Heartbeat", "Multicast Group Join Request",
  "Multicast Group Join Response", "Multicast Group Leave Request",
  "Multicast Group Leave Response",
}
local reason_names = {
  [0] = "administrative", "framing error", "version", "authentication", "overload", "replaced",
  "dead peer", "shutdown", "protocol error",
}
local pl_names = {
  [0x01] = "AssociationSetup", [0x02] = "AssociationTeardown", [0x03] = "Config", [0x04] = "Query",
  [0x05] = "EventNotification", [0x06] = "PacketRedirect", [0x0f] = "Heartbeat",
  [0x11] = "AssociationSetupResponse", [0x13] = "ConfigResponse", [0x14] = "QueryResponse",
}
local tlv_names = {
  [0x0001] = "REDIRECT", [0x0010] = "ASResult", [0x0011] = "ASTreason", [0x1000] = "LFBselect",
  [0x0110] = "PATH-DATA", [0x0111] = "KEYINFO", [0x0112] = "FULLDATA", [0x0113] = "SPARSEDATA",
  [0x0114] = "RESULT", [0x0115] = "METADATA", [0x0116] = "REDIRECTDATA", [0x0117] = "TABLERANGE",
  [0x0118] = "EXTENDEDRESULT",
}
local oper_names = {
  "SET", "SET-PROP", "SET-RESPONSE", "SET-PROP-RESPONSE", "DEL", "DEL-RESPONSE", "GET", "GET-PROP",
  "GET-RESPONSE", "GET-PROP-RESPONSE", "REPORT", "COMMIT", "COMMIT-RESPONSE", "TRCOMP",
}
local metadata_names = { -- RFC 6956 section 4.4
  "PHYPortID", "SrcMAC", "DstMAC", "LogicalPortID", "EtherType", "VlanID", "VlanPriority",
  "NextHopIPv4Addr", "NextHopIPv6Addr", "HopSelector", "ExceptionID", "ValidateErrorID", "L3PortID",
  "RedirectIndex", "MediaEncapInfoIndex",
}

local function u(bits, proto, key, name, format, names, mask)
  return ProtoField["uint" .. bits](proto .. "." .. key, name, format or base.DEC, names, mask)
end

local f = {
  version = u(16, "tml", "version", "Version", base.DEC, nil, 0xf000),
  reserved = u(16, "tml", "reserved", "Reserved", base.HEX, nil, 0x0f80),
  pl = u(16, "tml", "f", "PL message (f)", base.DEC, nil, 0x0040),
  type = u(16, "tml", "type", "Message type", base.DEC, message_names, 0x003f),
  length = u(16, "tml", "length", "Length"),
  frame_length = u(32, "tml", "frame_length", "Frame length (octets)"),
  tlv = u(16, "tml", "tlv", "TLV type"),
  tlv_length = u(16, "tml", "tlv_length", "TLV length"),
  unknown = ProtoField.bytes("tml.unknown", "Value"),
  reason_text = ProtoField.string("tml.reason_text", "Reason text"),
}
-- Bodies of the TML's own messages: TLV type -> field and its length in octets.
local tml_tlvs = {
  { u(32, "tml", "pl_id", "PL ID", base.HEX), 4 },
  { u(32, "tml", "channel_type", "Channel type", base.DEC, { "control", "data" }), 4 },
  { u(32, "tml", "peer_pl_id", "Peer PL ID", base.HEX), 4 },
  { u(32, "tml", "group_id", "Group ID", base.HEX), 4 },
  { u(32, "tml", "request_id", "Request ID"), 4 },
  { ProtoField.int32("tml.status", "Status"), 4 },
  { u(32, "tml", "reason", "Reason", base.DEC, reason_names), 4 },
  { u(32, "tml", "hb_interval", "Heartbeat interval (ms)"), 4 },
  { u(32, "tml", "dead_interval", "Dead interval (ms)"), 4 },
  { u(32, "tml", "hb_sequence", "Heartbeat sequence"), 4 },
  { u(32, "tml", "hb_flags", "Heartbeat flags", base.HEX), 4 },
  { u(64, "tml", "timestamp", "Timestamp"), 8 },
  { ProtoField.bytes("tml.pair_token", "Pair token"), 16 },
  { u(32, "tml", "max_message", "Max message (octets)"), 4 },
  { u(32, "tml", "capabilities", "Capabilities", base.HEX), 4 },
}
for name, field in pairs(f) do tml.fields[name] = field end
for i, row in ipairs(tml_tlvs) do tml.fields[i] = row[1] end

local acks = { [0] = "NoACK", "SuccessACK", "FailureACK", "AlwaysACK" }
local modes = { [0] = "reserved", "execute-all-or-none", "execute-until-failure",
  "continue-execute-on-failure" }
local phases = { [0] = "SOT", "MOT", "EOT", "ABT" }
local g = {
  version = u(8, "forces_pl", "version", "Version", base.DEC, nil, 0xf0),
  type = u(8, "forces_pl", "type", "Message type", base.HEX, pl_names),
  length = u(16, "forces_pl", "length", "Length (32-bit words)"),
  source = u(32, "forces_pl", "source", "Source ID", base.HEX),
  destination = u(32, "forces_pl", "destination", "Destination ID", base.HEX),
  correlator = u(64, "forces_pl", "correlator", "Correlator", base.HEX),
  ack = u(32, "forces_pl", "ack", "ACK", base.DEC, acks, 0xc0000000),
  priority = u(32, "forces_pl", "priority", "Priority", base.DEC, nil, 0x38000000),
  em = u(32, "forces_pl", "em", "Execution mode", base.DEC, modes, 0x00c00000),
  at = u(32, "forces_pl", "at", "Atomic transaction", base.DEC, nil, 0x00200000),
  tp = u(32, "forces_pl", "tp", "Transaction phase", base.DEC, phases, 0x00180000),
  tlv = u(16, "forces_pl", "tlv", "TLV", base.HEX, tlv_names),
  oper = u(16, "forces_pl", "oper", "Operation", base.HEX, oper_names),
  tlv_length = u(16, "forces_pl", "tlv_length", "TLV length (octets)"),
  class = u(32, "forces_pl", "lfb_class", "LFB class"),
  instance = u(32, "forces_pl", "lfb_instance", "LFB instance"),
  path_flags = u(16, "forces_pl", "path_flags", "Path flags", base.HEX),
  id_count = u(16, "forces_pl", "id_count", "ID count"),
  path_id = u(32, "forces_pl", "path_id", "Path ID"),
  key_id = u(32, "forces_pl", "key_id", "Key ID"),
  result = u(8, "forces_pl", "result", "Result", base.HEX),
  extended = u(32, "forces_pl", "extended_result", "Extended result", base.HEX),
  as_result = u(32, "forces_pl", "as_result", "Association result", base.DEC,
    { [0] = "success", "FE ID invalid", "permission denied" }),
  as_reason = u(32, "forces_pl", "as_reason", "Teardown reason", base.DEC,
    { [0] = "normal", "loss of heartbeats", "out of bandwidth", "out of memory",
      "application crash", [255] = "other" }),
  ilv = u(32, "forces_pl", "ilv", "ILV ID", base.HEX),
  metadata = u(32, "forces_pl", "metadata", "Metadata", base.HEX, metadata_names),
  ilv_length = u(32, "forces_pl", "ilv_length", "ILV length (octets)"),
  data = ProtoField.bytes("forces_pl.data", "Data"),
  octets = ProtoField.bytes("forces_pl.octets", "Whole message"),
}
for name, field in pairs(g) do pl.fields[name] = field end

local function problem(name, text, severity)
  return ProtoExpert.new(name, text, expert.group.MALFORMED, severity or expert.severity.ERROR)
end
local e = {
  framing = problem("tml.bad_length", "A length that cannot be: the stream is lost from here"),
  version = problem("tml.bad_version", "Version is not 1"),
  tlv = problem("tml.bad_tlv", "TLV length is wrong"),
}
local ee = {
  header = problem("forces_pl.bad_header", "PL header is wrong"),
  tlv = problem("forces_pl.bad_tlv", "TLV or ILV length is wrong"),
}
for name, row in pairs(e) do tml.experts[name] = row end
for name, row in pairs(ee) do pl.experts[name] = row end

tml.prefs.ports = Pref.range("TCP ports", "6704-6705", "Control and data channel, TLS or not", 65535)
tml.prefs.builtin = Pref.bool("Show Wireshark's own ForCES dissector too", false,
  "In Wireshark 4.0 it must be lent to us by -o forces.udp.port:6704")

---- PL: RFC 5810 -------------------------------------------------------------------------------

local function padded(n) return math.floor((n + 3) / 4) * 4 end

-- Calls visit(id, whole, value) for each element of range; id and length have `size` octets each.
local function elements(range, tree, size, expert_info, visit)
  local at = 0
  while range:len() - at >= 2 * size do
    local length = range(at + size, size):uint()
    if length < 2 * size or length > range:len() - at then
      tree:add_proto_expert_info(expert_info)
      return
    end
    local value = length > 2 * size and range(at + 2 * size, length - 2 * size) or nil
    visit(range(at, size):uint(), range(at, length), value)
    at = at + padded(length)
  end
end

local function ilvs(range, tree, field)
  elements(range, tree, 4, ee.tlv, function(_, whole, value)
    local item = tree:add(field, whole(0, 4))
    item:add(g.ilv_length, whole(4, 4))
    if value then item:add(g.data, value) end
  end)
end

-- A redirected packet: an IP packet (or, from a port of Ethernet kind, something else: then data).
local function redirected(range, pinfo, tree)
  local version = math.floor(range(0, 1):uint() / 16)
  local name = (version == 4 and range:len() >= 20 and "ip") or (version == 6 and "ipv6")
  if not name then
    tree:add(g.data, range)
    return
  end
  Dissector.get(name):call(range:tvb(), pinfo, tree)
  -- What the packet inside lacks is not to be waited for in our stream.
  pinfo.desegment_len, pinfo.desegment_offset = 0, 0
end

local pl_tlv
local function tlvs(range, pinfo, tree, inside)
  elements(range, tree, 2, ee.tlv, function(type, whole, value)
    pl_tlv(type, whole, value, pinfo, tree, inside)
  end)
end

-- After the fixed octets of a TLV come TLVs.
local function rest(value, fixed, pinfo, tree, inside)
  if value:len() > fixed then tlvs(value(fixed), pinfo, tree, inside) end
end

local function path_data(value, pinfo, tree, inside)
  local count = value(2, 2):uint()
  tree:add(g.path_flags, value(0, 2))
  tree:add(g.id_count, value(2, 2))
  if value:len() < 4 + 4 * count then
    tree:add_proto_expert_info(ee.tlv)
    return
  end
  local path = {}
  for i = 1, count do
    tree:add(g.path_id, value(4 * i, 4))
    path[i] = tostring(value(4 * i, 4):uint())
  end
  tree:append_text(" " .. table.concat(path, "."))
  rest(value, 4 + 4 * count, pinfo, tree, inside)
end

-- TLV type -> least length of its value, and what the value is.
local bodies = {
  [0x0001] = { 0, tlvs }, -- REDIRECT: METADATA, REDIRECTDATA
  [0x0010] = { 4, function(value, _, tree) tree:add(g.as_result, value(0, 4)) end },
  [0x0011] = { 4, function(value, _, tree) tree:add(g.as_reason, value(0, 4)) end },
  [0x0110] = { 4, path_data },
  [0x0111] = { 4, function(value, pinfo, tree, inside)
    tree:add(g.key_id, value(0, 4))
    rest(value, 4, pinfo, tree, inside)
  end },
  [0x0113] = { 0, function(value, _, tree) ilvs(value, tree, g.ilv) end },
  [0x0114] = { 4, function(value, _, tree) tree:add(g.result, value(0, 1)) end },
  [0x0115] = { 0, function(value, _, tree) ilvs(value, tree, g.metadata) end },
  [0x0116] = { 0, redirected },
  [0x0118] = { 4, function(value, _, tree) tree:add(g.extended, value(0, 4)) end },
  [0x1000] = { 8, function(value, pinfo, tree)
    tree:add(g.class, value(0, 4))
    tree:add(g.instance, value(4, 4))
    tree:append_text(string.format(" class %d instance %d", value(0, 4):uint(), value(4, 4):uint()))
    rest(value, 8, pinfo, tree, "lfbselect")
  end },
}

function pl_tlv(type, whole, value, pinfo, tree, inside)
  local is_oper = inside == "lfbselect" -- OPER-TLVs have a name space of their own (section 6.2.2)
  local name = (is_oper and oper_names or tlv_names)[type] or string.format("type 0x%04x", type)
  local item = tree:add(whole, name)
  item:add(is_oper and g.oper or g.tlv, whole(0, 2))
  item:add(g.tlv_length, whole(2, 2))
  local body = bodies[type]
  if is_oper and oper_names[type] then
    if value then tlvs(value, pinfo, item, "oper") end
  elseif is_oper or not body then
    if value then item:add(g.data, value) end -- FULLDATA: its layout is the LFB class's
  elseif (value and value:len() or 0) < body[1] then
    item:add_proto_expert_info(ee.tlv)
  elseif value then
    body[2](value, pinfo, item, inside)
  end
end

function pl.dissector(tvb, pinfo, tree)
  local range = tvb()
  local length = range(2, 2):uint() * 4
  local type = range(1, 1):uint()
  local name = pl_names[type] or string.format("PL type 0x%02x", type)
  local item = tree:add(pl, range, string.format("ForCES PL %s, %d octets", name, length))
  item:add(g.octets, range):set_hidden() -- for tshark -e: to hand messages to other tools
  item:add(g.version, range(0, 1))
  item:add(g.type, range(1, 1))
  item:add(g.length, range(2, 2))
  item:add(g.source, range(4, 4))
  item:add(g.destination, range(8, 4))
  item:add(g.correlator, range(12, 8))
  for _, field in ipairs({ g.ack, g.priority, g.em, g.at, g.tp }) do item:add(field, range(20, 4)) end
  if range(0, 1):uint() < 0x10 or range(0, 1):uint() > 0x1f then
    item:add_proto_expert_info(ee.header)
  end
  if length > PL_HEADER then tlvs(range(PL_HEADER), pinfo, item) end
  return tvb:len()
end

-- Wireshark's dissector, given top-level TLV lengths in words, as it reads them.
local function builtin(range, pinfo, tree)
  local found, other = pcall(Dissector.get, "forces") -- registered by name since 4.4
  if not found or not other then other = DissectorTable.get("udp.port"):get_dissector(6704) end
  if not other then return end
  local octets, at = range:bytes(), PL_HEADER
  while at + 4 <= octets:len() do
    local words = math.max(padded(octets:get_index(at + 2) * 256 + octets:get_index(at + 3)) / 4, 1)
    octets:set_index(at + 2, math.floor(words / 256))
    octets:set_index(at + 3, words % 256)
    at = at + 4 * words
  end
  -- Protected: a body that it takes for malformed must not end the reading of ours.
  pcall(other.call, other, octets:tvb("PL message, TLV lengths in words"), pinfo, tree)
end

---- TML: draft section 5 -------------------------------------------------------------------------

-- Octets of the frame at `at`; nil: more are needed to tell; false: no frame can begin like this.
local function frame_length(tvb, at)
  local have = tvb:len() - at
  if have < HEADER then return nil end
  local head = tvb(at, 2):uint()
  if head < 0x1000 or head > 0x1fff then return false end
  if bit.band(head, PL_FLAG) == 0 then
    local length = tvb(at + 2, 2):uint()
    return length >= HEADER and length <= MAX_TML and length
  end
  if have < HEADER + 4 then return nil end -- the PL header's own Length frames it (row 1)
  local words = tvb(at + HEADER + 2, 2):uint()
  return words >= PL_HEADER / 4 and HEADER + 4 * words
end

local function tml_body(range, tree)
  elements(range, tree, 2, e.tlv, function(type, whole, value)
    local row = tml_tlvs[type]
    if row and value and value:len() >= row[2] then
      local item = tree:add(row[1], value(0, row[2]))
      if type == 7 and value:len() > 4 then item:add(f.reason_text, value(4)) end
    elseif row then
      tree:add_proto_expert_info(e.tlv)
    else
      local item = tree:add(f.tlv, whole(0, 2))
      item:add(f.tlv_length, whole(2, 2))
      if value then item:add(f.unknown, value) end
    end
  end)
end

local function frame(tvb, pinfo, tree)
  local head = tvb(0, 2):uint()
  local item = tree:add(tml, tvb(0, HEADER))
  for _, field in ipairs({ f.version, f.reserved, f.pl, f.type }) do item:add(field, tvb(0, 2)) end
  item:add(f.length, tvb(2, 2))
  item:add(f.frame_length, tvb(0, HEADER), tvb:len()):set_generated()
  if bit.band(head, PL_FLAG) ~= 0 then
    local body = tvb(HEADER)
    item:append_text(", PL message")
    pl.dissector(body:tvb(), pinfo, tree)
    if tml.prefs.builtin then builtin(body, pinfo, tree) end
    return pl_names[body(1, 1):uint()] or "PL message"
  end
  local name = message_names[bit.band(head, 0x3f)] or "message " .. bit.band(head, 0x3f)
  item:append_text(", " .. name)
  if tvb:len() > HEADER then
    item:set_len(tvb:len())
    tml_body(tvb(HEADER), item)
  end
  return "TML " .. name
end

-- Handshake, alert or application data of TLS; a TML frame of version 1 begins with 0x10.
local function is_tls(tvb)
  local type = tvb(0, 1):uint()
  return type >= 0x14 and type <= 0x17 and (tvb:len() < 2 or tvb(1, 1):uint() == 3)
end

function tml.dissector(tvb, pinfo, tree)
  if is_tls(tvb) then return 0 end -- Wireshark then finds TLS itself, and keeps to it
  local at, info = 0, {}
  while at < tvb:len() do
    local length = frame_length(tvb, at)
    if length == false then
      local bad = tree:add(tml, tvb(at))
      bad:add_proto_expert_info(bit.rshift(tvb(at, 1):uint(), 4) == 1 and e.framing or e.version)
      info[#info + 1] = "not a TML frame"
      break
    end
    local lacking = length and length - (tvb:len() - at)
    if not length or lacking > 0 then
      pinfo.desegment_offset = at
      pinfo.desegment_len = lacking or DESEGMENT_ONE_MORE_SEGMENT
      break
    end
    info[#info + 1] = frame(tvb(at, length):tvb(), pinfo, tree)
    at = at + length
  end
  if #info > 0 then
    pinfo.cols.protocol = "TML"
    pinfo.cols.info:set(table.concat(info, " | "))
  end
  return tvb:len()
end

local registered
local function register()
  for _, name in ipairs({ "tcp.port", "tls.port" }) do
    local ports = DissectorTable.get(name)
    if registered and registered ~= "" then ports:remove(registered, tml) end
    if tml.prefs.ports ~= "" then ports:add(tml.prefs.ports, tml) end
  end
  registered = tml.prefs.ports
end
function tml.prefs_changed()
  if registered ~= tml.prefs.ports then register() end
end
register()
DissectorTable.get("tcp.port"):add_for_decode_as(tml)
DissectorTable.get("tls.alpn"):add(ALPN, tml)
