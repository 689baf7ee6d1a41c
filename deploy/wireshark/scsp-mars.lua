-- Wireshark and tshark dissectors of SCSP (RFC 2334), of MARS control messages (RFC 2022) and of the
-- MARS part of an SCSP record (RFC 2443). Wireshark has none: it shows PID 0x0003 as NHRP.
--
-- They are found behind LLC/SNAP of the IANA OUI, and in streams of SDUs that each have 16 bits of
-- length in front (proto/scsp/README.md): in TCP by their first octets, in TLS by their ALPN.

local scsp = Proto("scsp", "Server Cache Synchronization Protocol")
local mars = Proto("mars", "Multicast Address Resolution Server")
local sdu = Proto("atm_sdu", "AAL5 SDU in a stream")

local LLC, SCSP_PID, MARS_PID = 8, 0x0005, 0x0003
local ALPN = "forces-scsp/1"

local scsp_names = { "CA", "CSU Request", "CSU Reply", "CSUS", "Hello" }
local protocol_names = { "ATMARP", "NHRP", "MARS", "DHCP", "LNNI" }
local extension_names = { [0] = "End Of Extensions", "Authentication", "Vendor-Private" }
local operation_names = {
  "MARS_REQUEST", "MARS_MULTI", "MARS_MSERV", "MARS_JOIN", "MARS_LEAVE", "MARS_NAK", "MARS_UNSERV",
  "MARS_SJOIN", "MARS_SLEAVE", "MARS_GROUPLIST_REQUEST", "MARS_GROUPLIST_REPLY",
  "MARS_REDIRECT_MAP", "MARS_MIGRATE",
}
local state_names = {
  "MARS Server Redirect Entry", "MCS Serve/Register", "MARS Client Join/Register",
  "MARS Client Leave/Deregister", "MCS Unserve/Deregister",
}

local function u(bits, key, name, format, names, mask)
  return ProtoField["uint" .. bits](key, name, format or base.DEC, names, mask)
end
local function bytes(key, name) return ProtoField.bytes(key, name) end

local s = {
  version = u(8, "scsp.version", "Version"),
  type = u(8, "scsp.type", "Type", base.DEC, scsp_names),
  size = u(16, "scsp.packet_size", "Packet Size"),
  checksum = u(16, "scsp.checksum", "Checksum", base.HEX),
  extensions = u(16, "scsp.start_of_extensions", "Start Of Extensions"),
  ca_sequence = u(32, "scsp.ca_sequence", "CA Sequence Number"),
  interval = u(16, "scsp.hello_interval", "HelloInterval (seconds)"),
  factor = u(16, "scsp.dead_factor", "DeadFactor"),
  family = u(16, "scsp.family_id", "Family ID"),
  pid = u(16, "scsp.pid", "Protocol ID", base.DEC, protocol_names),
  sgid = u(16, "scsp.sgid", "Server Group ID"),
  flags = u(16, "scsp.flags", "Flags", base.HEX),
  master = ProtoField.bool("scsp.flags.m", "Master (M)", 16, nil, 0x8000),
  init = ProtoField.bool("scsp.flags.i", "Initialization (I)", 16, nil, 0x4000),
  more = ProtoField.bool("scsp.flags.o", "More (O)", 16, nil, 0x2000),
  records = u(16, "scsp.records", "Number of Records"),
  sender = bytes("scsp.sender", "Sender ID"),
  receiver = bytes("scsp.receiver", "Receiver ID"),
  record = ProtoField.none("scsp.record", "Record"),
  hop = u(16, "scsp.hop_count", "Hop Count"),
  record_length = u(16, "scsp.record_length", "Record Length"),
  null = ProtoField.bool("scsp.null", "Null (N)", 16, nil, 0x8000),
  sequence = ProtoField.int32("scsp.sequence", "CSA Sequence Number"),
  key = bytes("scsp.key", "Cache Key"),
  originator = bytes("scsp.originator", "Originator ID"),
  body = bytes("scsp.body", "Protocol specific part"),
  extension = u(16, "scsp.extension", "Extension", base.DEC, extension_names),
  extension_length = u(16, "scsp.extension_length", "Length"),
  spi = u(32, "scsp.spi", "Security Parameter Index"),
  mac = bytes("scsp.mac", "Authentication Data"),
  vendor = u(24, "scsp.vendor", "Vendor ID", base.HEX),
  value = bytes("scsp.value", "Value"),
}
for name, field in pairs(s) do scsp.fields[name] = field end

local m = {
  afn = u(16, "mars.afn", "Address family", base.HEX),
  pro = u(16, "mars.pro", "Protocol type", base.HEX),
  snap = bytes("mars.snap", "Protocol SNAP"),
  checksum = u(16, "mars.chksum", "Checksum", base.HEX),
  extoff = u(16, "mars.extoff", "Extensions offset"),
  version = u(8, "mars.op_version", "Operation version"),
  op = u(8, "mars.op", "Operation", base.DEC, operation_names),
  flags = u(16, "mars.flags", "Flags", base.HEX),
  layer3grp = ProtoField.bool("mars.flags.layer3grp", "layer3grp", 16, nil, 0x8000),
  copy = ProtoField.bool("mars.flags.copy", "copy", 16, nil, 0x4000),
  register = ProtoField.bool("mars.flags.register", "register", 16, nil, 0x2000),
  punched = ProtoField.bool("mars.flags.punched", "punched", 16, nil, 0x1000),
  sequence = u(16, "mars.flags.sequence", "sequence", base.DEC, nil, 0x00ff),
  cmi = u(16, "mars.cmi", "Cluster Member ID"),
  msn = u(32, "mars.msn", "MARS Sequence Number"),
  pnum = u(16, "mars.pnum", "Number of pairs"),
  tnum = u(16, "mars.tnum", "Number of targets"),
  last = ProtoField.bool("mars.last", "Last part (x)", 16, nil, 0x8000),
  part = u(16, "mars.part", "Part (y)", base.DEC, nil, 0x7fff),
  hard = ProtoField.bool("mars.hard", "Hard redirect", 8, nil, 0x80),
  tl = u(8, "mars.tl", "Type and length", base.HEX),
  length = u(8, "mars.length", "Address length"),
  sha = bytes("mars.sha", "Source ATM number"),
  ssa = bytes("mars.ssa", "Source ATM subaddress"),
  spa = bytes("mars.spa", "Source protocol address"),
  tpa = bytes("mars.tpa", "Target group"),
  tha = bytes("mars.tha", "Target ATM number"),
  tsa = bytes("mars.tsa", "Target ATM subaddress"),
  min = bytes("mars.min", "Min group"),
  max = bytes("mars.max", "Max group"),
  group = bytes("mars.mgrp", "Group"),
  tlv = u(16, "mars.tlv", "TLV", base.HEX),
  tlv_length = u(16, "mars.tlv_length", "TLV length"),
  tlv_value = bytes("mars.tlv_value", "TLV value"),
  state = u(8, "mars.state", "State", base.DEC, state_names),
  ip4 = ProtoField.ipv4("mars.ip", "As IPv4"),
}
for name, field in pairs(m) do mars.fields[name] = field end
sdu.fields.length = u(16, "atm_sdu.length", "Octets of the SDU")

local function problem(name, text)
  return ProtoExpert.new(name, text, expert.group.MALFORMED, expert.severity.ERROR)
end
local bad = {
  scsp_checksum = problem("scsp.bad_checksum", "Checksum is wrong"),
  scsp_length = problem("scsp.bad_length", "A length or count is wrong"),
  scsp_version = problem("scsp.bad_version", "Version is not 1, or the type is unknown"),
}
local bad_mars = {
  checksum = problem("mars.bad_checksum", "Checksum is wrong"),
  length = problem("mars.bad_length", "A length or count is wrong"),
  header = problem("mars.bad_header", "Not a MARS message of this version"),
}
for name, row in pairs(bad) do scsp.experts[name] = row end
for name, row in pairs(bad_mars) do mars.experts[name] = row end

local function checksum_ok(range)
  local octets, sum = range:bytes(), 0
  for i = 0, octets:len() - 1, 2 do
    local low = i + 1 < octets:len() and octets:get_index(i + 1) or 0
    sum = sum + octets:get_index(i) * 256 + low
  end
  while sum > 0xffff do sum = math.floor(sum / 65536) + sum % 65536 end
  return sum == 0xffff
end

-- A place in a range; what is beyond its end marks the tree once and then gives nil for ever.
local function cursor(range, tree, fault)
  local c = { at = 0, left = range:len(), broken = false }
  function c.take(n)
    if c.broken or n > c.left then
      if not c.broken then tree:add_proto_expert_info(fault) end
      c.broken = true
      return nil
    end
    local piece = n > 0 and range(c.at, n) or nil
    c.at, c.left = c.at + n, c.left - n
    return piece
  end
  -- Adds a field of n octets and gives its number, when it has one.
  function c.add(field, n, into)
    local piece = c.take(n)
    if not piece then return 0 end
    (into or tree):add(field, piece)
    return n <= 4 and piece:uint() or 0
  end
  function c.peek(offset, n)
    if c.broken or offset + n > c.left then return 0 end
    return range(c.at + offset, n):uint()
  end
  return c
end

-- An address of n octets; of four also as IPv4.
local function address(c, field, n, tree)
  local piece = c.take(n)
  if not piece then return end
  local item = tree:add(field, piece)
  if n == 4 then item:add(m.ip4, piece):set_generated() end
end

local function mars_flags(c, tree)
  local piece = c.take(2)
  if not piece then return end
  local item = tree:add(m.flags, piece)
  for _, field in ipairs({ m.layer3grp, m.copy, m.register, m.punched, m.sequence }) do
    item:add(field, piece)
  end
end

---- RFC 2443 section 3 --------------------------------------------------------------------------

local function cache_entry(range, tree)
  local c = cursor(range, tree, bad.scsp_length)
  c.add(m.afn, 2)
  c.add(m.pro, 2)
  c.add(m.snap, 5)
  c.take(1)
  c.add(m.version, 1)
  local state = c.add(m.state, 1)
  tree:append_text(", " .. (state_names[state] or ("state " .. state)))
  mars_flags(c, tree)
  c.add(m.cmi, 2)
  local source, group = c.add(m.length, 1), c.add(m.length, 1)
  local number, subaddress = c.add(m.tl, 1) % 64, c.add(m.tl, 1) % 64
  address(c, m.spa, source, tree) -- here in front of the ATM address
  c.add(m.sha, number)
  c.add(m.ssa, subaddress)
  address(c, m.min, group, tree)
  address(c, m.max, group, tree)
  if c.left > 0 and not c.broken then tree:add_proto_expert_info(bad.scsp_length) end
end

---- SCSP: RFC 2334 appendix B -------------------------------------------------------------------

local function record(c, tree, protocol)
  local length = c.peek(2, 2)
  local whole = c.take(math.max(length, 12))
  if not whole then return false end
  local item = tree:add(s.record, whole)
  local r = cursor(whole, item, bad.scsp_length)
  r.add(s.hop, 2)
  r.add(s.record_length, 2)
  local key, originator = r.take(1):uint(), r.take(1):uint()
  local flags = r.take(2)
  item:add(s.null, flags)
  local sequence = r.take(4)
  item:add(s.sequence, sequence)
  local key_piece = r.take(key)
  if key_piece then item:add(s.key, key_piece) end
  local originator_piece = r.take(originator)
  if originator_piece then item:add(s.originator, originator_piece) end
  item:append_text(string.format(", sequence %d, key %s, originator %s", sequence:int(),
    key_piece and tostring(key_piece:bytes()) or "-",
    originator_piece and tostring(originator_piece:bytes()) or "-"))
  if r.left == 0 or r.broken then return true end
  local body = r.take(r.left)
  if protocol == 3 then
    cache_entry(body, item:add(s.body, body))
  else
    item:add(s.body, body)
  end
  return true
end

local function extensions(c, tree)
  while c.left > 0 and not c.broken do
    local type = c.peek(0, 2)
    local length = c.peek(2, 2)
    local whole = c.take(4 + length)
    if not whole then return end
    local item = tree:add(s.extension, whole(0, 2))
    item:add(s.extension_length, whole(2, 2))
    if type == 0 then
      if length > 0 or c.left > 0 then tree:add_proto_expert_info(bad.scsp_length) end
      return
    elseif type == 1 and length > 4 then
      item:add(s.spi, whole(4, 4))
      item:add(s.mac, whole(8))
    elseif type == 2 and length >= 3 then
      item:add(s.vendor, whole(4, 3))
      if length > 3 then item:add(s.value, whole(7)) end
    elseif length > 0 then
      item:add(s.value, whole(4))
    end
  end
  tree:add_proto_expert_info(bad.scsp_length) -- no End Of Extensions
end

function scsp.dissector(tvb, pinfo, root)
  if tvb:len() < 8 then return 0 end
  pinfo.cols.protocol = "SCSP"
  local size = math.min(tvb(2, 2):uint(), tvb:len())
  local range = tvb(0, math.max(size, 8))
  local tree = root:add(scsp, range)
  local c = cursor(range, tree, bad.scsp_length)
  local version = c.add(s.version, 1)
  local type = c.add(s.type, 1)
  c.add(s.size, 2)
  c.add(s.checksum, 2)
  local start = c.add(s.extensions, 2)
  local name = scsp_names[type] or ("type " .. type)
  tree:append_text(", " .. name)
  pinfo.cols.info = name
  if tvb(2, 2):uint() ~= tvb:len() then tree:add_proto_expert_info(bad.scsp_length) end
  if not checksum_ok(range) then tree:add_proto_expert_info(bad.scsp_checksum) end
  if version ~= 1 or not scsp_names[type] then
    tree:add_proto_expert_info(bad.scsp_version)
    return tvb:len()
  end
  if start ~= 0 and (start < 8 or start > range:len()) then
    tree:add_proto_expert_info(bad.scsp_length)
    return tvb:len()
  end
  c.left = (start == 0 and range:len() or start) - 8 -- the mandatory part
  if type == 1 then
    c.add(s.ca_sequence, 4)
  elseif type == 5 then
    c.add(s.interval, 2)
    c.add(s.factor, 2)
    c.take(2)
    c.add(s.family, 2)
  end
  local protocol = c.add(s.pid, 2)
  c.add(s.sgid, 2)
  c.take(2)
  local flags = c.take(2)
  if flags then
    local item = tree:add(s.flags, flags)
    if type == 1 then
      for _, field in ipairs({ s.master, s.init, s.more }) do item:add(field, flags) end
    end
  end
  local lengths = c.take(2)
  if not lengths then return tvb:len() end
  local count = c.add(s.records, 2)
  address(c, s.sender, lengths(0, 1):uint(), tree)
  address(c, s.receiver, lengths(1, 1):uint(), tree)
  for _ = 1, count do
    if c.broken then break end
    if type == 5 then
      address(c, s.receiver, (c.take(1) or lengths(1, 1)):uint(), tree)
    elseif not record(c, tree, protocol) then
      break
    end
  end
  pinfo.cols.info:append(string.format(", %d records", count))
  if c.left > 0 and not c.broken then tree:add_proto_expert_info(bad.scsp_length) end
  if start ~= 0 and start < range:len() and not c.broken then
    extensions(cursor(range(start), tree, bad.scsp_length), tree)
  end
  return tvb:len()
end

---- MARS: RFC 2022 ------------------------------------------------------------------------------

local function tlvs(range, tree)
  local c = cursor(range, tree, bad_mars.length)
  while c.left > 0 and not c.broken do
    local type, length = c.peek(0, 2), c.peek(2, 2)
    local whole = c.take(4 + math.floor((length + 3) / 4) * 4)
    if not whole then return end
    local item = tree:add(m.tlv, whole(0, 2))
    item:add(m.tlv_length, whole(2, 2))
    if length > 0 then item:add(m.tlv_value, whole(4, length)) end
    if type == 0 then
      if c.left > 0 then tree:add_proto_expert_info(bad_mars.length) end
      return
    end
  end
  tree:add_proto_expert_info(bad_mars.length) -- no Null TLV
end

local queries = { [1] = true, [6] = true }
local multis = { [2] = true, [11] = true, [12] = true, [13] = true }

local function mars_body(c, tree, op)
  local number, subaddress = c.add(m.tl, 1) % 64, c.add(m.tl, 1) % 64
  local source, group, target_number, target_subaddress, count = 0, 0, 0, 0, 0
  if op == 12 then c.take(1) else source = c.add(m.length, 1) end
  if queries[op] or multis[op] then
    target_number, target_subaddress = c.add(m.tl, 1) % 64, c.add(m.tl, 1) % 64
    if op == 12 then c.add(m.hard, 1) else group = c.add(m.length, 1) end
  else
    group = c.add(m.length, 1)
  end
  if queries[op] then
    c.take(8)
    count = target_number > 0 and 1 or 0
  elseif multis[op] then
    count = c.add(m.tnum, 2)
    local seqxy = c.take(2)
    if seqxy and op ~= 13 then
      tree:add(m.last, seqxy)
      tree:add(m.part, seqxy)
    end
    c.add(m.msn, 4)
  else
    count = c.add(m.pnum, 2)
    mars_flags(c, tree)
    c.add(m.cmi, 2)
    c.add(m.msn, 4)
  end
  c.add(m.sha, number)
  c.add(m.ssa, subaddress)
  address(c, m.spa, source, tree)
  if queries[op] or op == 2 or op == 13 then address(c, m.tpa, group, tree) end
  for _ = 1, count do
    if c.broken then return end
    if op == 11 then
      address(c, m.group, group, tree)
    elseif queries[op] or multis[op] then
      c.add(m.tha, target_number)
      c.add(m.tsa, target_subaddress)
      if target_number + target_subaddress == 0 then return end
    else
      address(c, m.min, group, tree)
      address(c, m.max, group, tree)
      if group == 0 then return end
    end
  end
end

local iana = DissectorTable.get("llc.iana_pid")
local nhrp = iana:get_dissector(MARS_PID) -- Wireshark's, before ours takes its place

function mars.dissector(tvb, pinfo, root)
  if tvb:len() < 20 then return 0 end
  -- NHRP has the same code point and another version.
  if nhrp and tvb(16, 1):uint() == 1 then return nhrp:call(tvb, pinfo, root) end
  pinfo.cols.protocol = "MARS"
  local range = tvb()
  local tree = root:add(mars, range)
  local c = cursor(range, tree, bad_mars.length)
  local family = c.add(m.afn, 2)
  c.add(m.pro, 2)
  c.add(m.snap, 5)
  c.take(3)
  local checksum = c.add(m.checksum, 2)
  local extoff = c.add(m.extoff, 2)
  local version = c.add(m.version, 1)
  local op = c.add(m.op, 1)
  local name = operation_names[op] or ("operation " .. op)
  tree:append_text(", " .. name)
  pinfo.cols.info = name
  if checksum ~= 0 and not checksum_ok(range) then tree:add_proto_expert_info(bad_mars.checksum) end
  if family ~= 15 or version ~= 0 or not operation_names[op] then
    tree:add_proto_expert_info(bad_mars.header)
    return tvb:len()
  end
  mars_body(c, tree, op)
  extoff = extoff - extoff % 4
  if extoff == 0 then
    if c.left > 0 and not c.broken then tree:add_proto_expert_info(bad_mars.length) end
  elseif extoff ~= math.floor((c.at + 3) / 4) * 4 or extoff >= range:len() then
    tree:add_proto_expert_info(bad_mars.length)
  else
    tlvs(range(extoff), tree)
  end
  return tvb:len()
end

---- Where they are found ------------------------------------------------------------------------

local by_pid = { [SCSP_PID] = scsp, [MARS_PID] = mars }

-- An SDU begins with its length and LLC/SNAP of the IANA OUI.
local function is_sdu(tvb, at)
  return tvb:len() - at >= 10 and tvb(at + 2, 4):uint() == 0xaaaa0300 and
      tvb(at + 6, 3):uint() == 0x005e00 and tvb(at, 2):uint() >= LLC
end

local function one_sdu(tvb, pinfo, root)
  local tree = root:add(sdu, tvb(0, math.min(tvb:len(), 2 + LLC)))
  tree:add(sdu.fields.length, tvb(0, 2))
  if not is_sdu(tvb, 0) then return tvb:len() end
  local inner = by_pid[tvb(8, 2):uint()]
  if inner and tvb:len() > 2 + LLC then inner.dissector(tvb(2 + LLC):tvb(), pinfo, root) end
  return tvb:len()
end

-- Not by sdu.dissector(): a dissector that calls another may not ask for more octets.
local function stream(tvb, root)
  dissect_tcp_pdus(tvb, root, 2, function(buffer, _, at) return 2 + buffer(at, 2):uint() end,
    one_sdu)
  return tvb:len()
end

function sdu.dissector(tvb, _, root) return stream(tvb, root) end

local function guess(tvb, pinfo, root)
  if not is_sdu(tvb, 0) then return false end
  pinfo.conversation = sdu
  stream(tvb, root)
  return true
end
sdu:register_heuristic("tcp", guess)

iana:add(SCSP_PID, scsp)
iana:add(MARS_PID, mars)
DissectorTable.get("tcp.port"):add_for_decode_as(sdu)
DissectorTable.get("tls.port"):add_for_decode_as(sdu)
DissectorTable.get("tls.alpn"):add(ALPN, sdu)
