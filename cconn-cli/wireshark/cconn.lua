-- A dissector of the cconn protocol, version 1, for Wireshark and tshark.
--
-- It owns what a frame says and which outcome belongs to which call. It does not know the programs'
-- types, so bodies stay bytes; nor the names of commands, which the wire carries as hashes, except
-- those of the preference "names".
--
-- tshark -X lua_script:cconn.lua -r capture.pcapng -Y cconn
--
-- A connection is recognised by its greeting on any port. One whose beginning was not captured is
-- chosen with "Decode As". Section numbers are those of docs/PROTOCOL.md.

local cconn = Proto("cconn", "cconn RPC")

-- The longest frame that is taken for one: beyond it the bytes are no cconn, or not aligned.
local LONGEST = 0x40000000

local ROLES = { [0] = "client", [1] = "server" }

local REFUSALS = {
    [0] = "accepted",
    [1] = "the server is full",
    [2] = "the server is stopping",
    [3] = "no resources for one more client",
    [4] = "encrypted streams only",
    [5] = "a secret is wanted",
    [6] = "no secret in common",
    [7] = "the proof is wrong",
    [8] = "another program",
    [9] = "a proxy that is not agreed on",
}

local RECORDS = {
    [1] = "features",
    [2] = "callables (reserved)",
    [3] = "file descriptors (reserved)",
    [4] = "compression (reserved)",
    [5] = "the server's number",
    [6] = "a secret is to be proved",
}

local KINDS = {
    [1] = "one-way",
    [2] = "call",
    [3] = "answer",
    [4] = "user error",
    [5] = "failure",
    [6] = "cancel",
    [7] = "grant",
    [8] = "items",
    [9] = "end",
    [10] = "credit",
    [11] = "retrait",
    [12] = "adieu",
    [13] = "proof",
    [14] = "question",
    [15] = "standing",
    [16] = "progress",
}

-- Section 4, failure.
local CODES = {
    [1] = "no such command, not run",
    [2] = "another signature, not run",
    [3] = "arguments not decoded, not run",
    -- 4 to 10 without 8 come from peers that send no classes.
    [4] = "it panicked",
    [5] = "it failed",
    [6] = "the answer is too large",
    [7] = "the answer could not be encoded",
    [8] = "could not be started, not run",
    [9] = "the answer was not kept",
    [10] = "closed while it ran",
    [11] = "no time left, not run",
    [12] = "the caller may not call it, not run",
    [13] = "not ready, not run",
    [14] = "too much to do, not run",
    [15] = "a stream that the caller did not expect, not run",
    [0x0104] = "it panicked",
    [0x0105] = "it failed",
    [0x0106] = "the answer is too large",
    [0x0107] = "the answer could not be encoded",
    [0x0109] = "the answer was not kept",
    [0x010a] = "closed while it ran",
    [0x010b] = "no room for what it returned",
}

local REASONS = {
    [1] = "orderly stop",
    [2] = "closed by the program",
    [3] = "not a cconn greeting",
    [4] = "the versions differ",
    [5] = "the protocol was broken",
    [6] = "a frame over the limit",
    [7] = "the window was overrun",
    [8] = "nothing could be written in time",
    [9] = "a frame was not finished in time",
    [10] = "the grace period ran out",
    [11] = "the codecs differ",
}

local HOWS = { [0] = "complete", [1] = "user error", [2] = "failure" }

local STANDINGS = {
    [1] = "started",
    [2] = "not started, never will be",
    [3] = "not started, its side runs no commands",
}

local TAGS = {
    [1] = "time left",
    [2] = "trace",
    [3] = "baggage",
    [4] = "a stream is expected",
    [5] = "progress is wanted",
    [6] = "prepaid",
    [7] = "arguments are streams",
}

local f = {
    what = ProtoField.string("cconn.what", "Frame"),
    length = ProtoField.uint32("cconn.length", "Length"),
    kind = ProtoField.uint8("cconn.kind", "Kind", base.DEC, KINDS),
    depth = ProtoField.uint8("cconn.depth", "Depth"),
    has_context = ProtoField.bool("cconn.has_context", "Has a context block"),
    id = ProtoField.uint64("cconn.id", "Call"),
    command = ProtoField.uint64("cconn.command", "Command", base.HEX),
    name = ProtoField.string("cconn.name", "Name of the command"),
    fingerprint = ProtoField.uint32("cconn.fingerprint", "Fingerprint", base.HEX),
    body = ProtoField.bytes("cconn.body", "Body"),
    body_size = ProtoField.uint32("cconn.body.size", "Size of the body"),
    code = ProtoField.uint16("cconn.code", "Code", base.HEX, CODES),
    text = ProtoField.string("cconn.text", "Text"),
    class = ProtoField.uint8("cconn.class", "Class"),
    granted = ProtoField.uint64("cconn.granted", "Granted"),
    lane = ProtoField.uint8("cconn.lane", "Lane"),
    flags = ProtoField.uint8("cconn.flags", "Flags", base.HEX),
    silent = ProtoField.bool("cconn.flags.silent", "May be silent", 8, nil, 1),
    item = ProtoField.bytes("cconn.item", "Item"),
    items = ProtoField.uint32("cconn.items", "Items"),
    how = ProtoField.uint8("cconn.how", "How", base.DEC, HOWS),
    credit = ProtoField.uint32("cconn.credit", "Credit"),
    reason = ProtoField.uint16("cconn.reason", "Reason", base.DEC, REASONS),
    standing = ProtoField.uint8("cconn.standing", "Standing", base.DEC, STANDINGS),
    behind = ProtoField.uint64("cconn.behind", "Behind the command", base.HEX),
    done = ProtoField.uint64("cconn.done", "Done"),
    total = ProtoField.uint64("cconn.total", "Of"),
    call_in = ProtoField.framenum("cconn.call_in", "The call is in", base.NONE, frametype.REQUEST),
    outcome_in = ProtoField.framenum("cconn.outcome_in", "The outcome is in", base.NONE, frametype.RESPONSE),
    time = ProtoField.relative_time("cconn.time", "Time since the call"),
    -- The context block.
    tag = ProtoField.uint8("cconn.context.tag", "Record", base.DEC, TAGS),
    time_left = ProtoField.uint32("cconn.context.time_left", "Time left, in ms"),
    trace = ProtoField.bytes("cconn.context.trace", "Trace"),
    span = ProtoField.bytes("cconn.context.span", "Span"),
    trace_flags = ProtoField.uint8("cconn.context.trace_flags", "Flags of the trace", base.HEX),
    baggage = ProtoField.bytes("cconn.context.baggage", "Baggage"),
    first_credit = ProtoField.uint32("cconn.context.credit", "First credit"),
    prepaid = ProtoField.uint32("cconn.context.prepaid", "Prepaid"),
    lanes = ProtoField.uint8("cconn.context.lanes", "Streams of arguments"),
    -- The greeting, and the proof of a secret.
    magic = ProtoField.bytes("cconn.magic", "Magic"),
    version = ProtoField.uint16("cconn.version", "Version"),
    role = ProtoField.uint8("cconn.role", "Role", base.DEC, ROLES),
    codec = ProtoField.uint8("cconn.codec", "Codec"),
    refusal = ProtoField.uint8("cconn.refusal", "Decision", base.DEC, REFUSALS),
    max_frame = ProtoField.uint32("cconn.max_frame", "Longest frame"),
    window = ProtoField.uint64("cconn.window", "Window"),
    record = ProtoField.uint16("cconn.record", "Record", base.DEC, RECORDS),
    features = ProtoField.bytes("cconn.features", "Features"),
    instance = ProtoField.uint64("cconn.instance", "The server's number", base.HEX),
    nonce = ProtoField.bytes("cconn.secret.nonce", "Number used once"),
    key = ProtoField.bytes("cconn.secret.key", "Secret"),
    proof = ProtoField.bytes("cconn.secret.proof", "Proof"),
}

local fields = {}
for _, field in pairs(f) do
    fields[#fields + 1] = field
end
cconn.fields = fields

local broken = ProtoExpert.new("cconn.broken", "The bytes break the protocol", expert.group.MALFORMED, expert.severity.ERROR)
cconn.experts = { broken }

cconn.prefs.names = Pref.string("Names of commands", "", "Names whose hashes are shown as names, with blanks between them")

local tcp_stream = Field.new("tcp.stream")

-- The hash of a name (section 5, identity), as `tohex` writes it.
local PRIME = UInt64.new(0x1b3, 0x100)

local function hash(name)
    local hash = UInt64.new(0x84222325, 0xcbf29ce4)
    for at = 1, #name do
        hash = hash:bxor(UInt64.new(name:byte(at))) * PRIME
    end
    return hash:tohex()
end

local names = {}

local function learn(list)
    names = {}
    for _, name in ipairs({ "cconn.ping", "cconn.info", "cconn.commandes", "cconn.chiffres" }) do
        names[hash(name)] = name
    end
    for name in list:gmatch("[^%s,]+") do
        names[hash(name)] = name
    end
end

learn("")

function cconn.prefs_changed()
    learn(cconn.prefs.names)
end

-- What is known of each TCP stream: the features of both roles, calls by who made them, and which
-- frame of items is the first of its lane. What is seen first stays: packets are looked at in their
-- order once, and then in any.
local streams = {}

function cconn.init()
    streams = {}
    learn(cconn.prefs.names)
end

local function stream_of(pinfo)
    local field = tcp_stream()
    local number = field and field.value or -1
    local stream = streams[number]
    if not stream then
        stream = { features = {}, calls = {}, firsts = {} }
        streams[number] = stream
    end
    return stream
end

local function sender(pinfo)
    return tostring(pinfo.src) .. ":" .. pinfo.src_port
end

local function receiver(pinfo)
    return tostring(pinfo.dst) .. ":" .. pinfo.dst_port
end

local function fault(tree, range, why)
    tree:add_tvb_expert_info(broken, range, why)
    return "!! " .. why
end

-- Whether both sides of a stream have declared a feature. A side that was not seen counts as one
-- that has: this revision declares all of them.
local function both_declare(stream, number)
    for _, role in ipairs({ 0, 1 }) do
        local bits = stream.features[role]
        if bits and not bits[number] then
            return false
        end
    end
    return true
end

-- An unsigned number of variable length (section 6) at `at`: the number and the bytes that it takes.
-- Nil if it does not end before `last`.
local WIDTHS = { [251] = 2, [252] = 4 }

local function varint(tvb, at, last)
    if at >= last then
        return nil
    end
    local first = tvb(at, 1):uint()
    if first <= 250 then
        return first, 1
    end
    if first == 253 then
        if at + 9 > last then
            return nil
        end
        local value = tvb(at + 1, 8):le_uint64()
        if value:higher() > 0 then
            return nil
        end
        return value:lower(), 9
    end
    local width = WIDTHS[first]
    if not width or at + 1 + width > last then
        return nil
    end
    return tvb(at + 1, width):le_uint(), 1 + width
end

local function add_name(tree, range, hash)
    local name = names[hash]
    if name then
        tree:add(f.name, range, name):set_generated()
    end
    return name or ("#" .. hash)
end

-- The command's hash at `at`; its name, or the hash.
local function add_command(tree, tvb, at, field)
    tree:add_le(field or f.command, tvb(at, 8))
    return add_name(tree, tvb(at, 8), tvb(at, 8):le_uint64():tohex())
end

local function add_body(tree, tvb, at)
    local size = tvb:len() - at
    if size > 0 then
        tree:add(f.body, tvb(at, size))
    end
    tree:add(f.body_size, size):set_generated()
    return size
end

local function add_text(tree, tvb, at)
    local size = tvb:len() - at
    if size == 0 then
        return ""
    end
    tree:add(f.text, tvb(at, size), tvb(at, size):string(ENC_UTF_8))
    return " \"" .. tvb(at, size):string(ENC_UTF_8) .. "\""
end

-- The context block at `at` (section 5, context); where the body begins, and a fault.
local function add_context(tree, tvb, at)
    if at >= tvb:len() then
        return nil, fault(tree, tvb(), "the context block is missing")
    end
    local size = tvb(at, 1):uint()
    local last = at + 1 + size
    if last > tvb:len() then
        return nil, fault(tree, tvb(at), "the context block reaches beyond its frame")
    end
    local block = tree:add(cconn, tvb(at, 1 + size), "Context block")
    at = at + 1
    while at < last do
        local length = at + 2 <= last and tvb(at + 1, 1):uint()
        if not length or at + 2 + length > last then
            return nil, fault(block, tvb(at, last - at), "a record reaches beyond its block")
        end
        local tag = tvb(at, 1):uint()
        local record = block:add(f.tag, tvb(at, 1))
        local data = length > 0 and tvb(at + 2, length)
        if tag == 1 and length == 4 then
            record:add_le(f.time_left, data)
        elseif tag == 2 and length == 25 then
            record:add(f.trace, data(0, 16))
            record:add(f.span, data(16, 8))
            record:add(f.trace_flags, data(24, 1))
        elseif tag == 3 and length > 0 then
            record:add(f.baggage, data)
        elseif tag == 4 and length == 4 then
            record:add_le(f.first_credit, data)
        elseif tag == 6 and length == 4 then
            record:add_le(f.prepaid, data)
        elseif tag == 7 and length == 1 then
            record:add(f.lanes, data)
        elseif TAGS[tag] and not ((tag == 3 or tag == 5) and length == 0) then
            return nil, fault(record, tvb(at, 2 + length), "a known record has another length")
        end
        at = at + 2 + length
    end
    return at
end

-- A one-way message or a call: what follows the kind.
local function message(tvb, pinfo, tree, stream, is_call)
    local at = is_call and 14 or 6
    local depth = tvb(5, 1):uint()
    tree:add(f.depth, tvb(5, 1), depth % 128)
    tree:add(f.has_context, tvb(5, 1), depth >= 128)
    local id
    if is_call then
        id = tvb(6, 8):le_uint64()
        tree:add_le(f.id, tvb(6, 8))
    end
    local command = add_command(tree, tvb, at)
    tree:add_le(f.fingerprint, tvb(at + 8, 4))
    local body, why = at + 12, nil
    if depth >= 128 then
        body, why = add_context(tree, tvb, body)
        if why then
            return why
        end
    end
    local size = add_body(tree, tvb, body)
    if not is_call then
        return command .. " " .. size .. " bytes"
    end
    local key = sender(pinfo) .. " " .. tostring(id)
    if not stream.calls[key] then
        stream.calls[key] = { frame = pinfo.number, command = command, time = pinfo.abs_ts }
    end
    local call = stream.calls[key]
    if call and call.outcome then
        tree:add(f.outcome_in, call.outcome):set_generated()
    end
    return "id=" .. tostring(id) .. " " .. command .. " " .. size .. " bytes"
end

-- The id of a call that the receiver of this frame, or (`own`) its sender, has made.
local function add_id(tvb, pinfo, tree, stream, own, is_outcome)
    local id = tvb(5, 8):le_uint64()
    tree:add_le(f.id, tvb(5, 8))
    local key = (own and sender(pinfo) or receiver(pinfo)) .. " " .. tostring(id)
    local call = stream.calls[key]
    if call then
        tree:add(f.call_in, call.frame):set_generated()
        if is_outcome then
            if not call.outcome then
                call.outcome = pinfo.number
            end
            local seconds = pinfo.abs_ts - call.time
            local whole = math.floor(seconds)
            local time = NSTime.new(whole, math.floor((seconds - whole) * 1e9))
            tree:add(f.time, time):set_generated()
            tree:add(f.name, call.command):set_generated()
        end
    end
    return "id=" .. tostring(id)
end

-- Frames by kind: the fewest bytes, the most (nil: any), and what is in them.
local frames = {}

frames[1] = { 18, nil, function(tvb, pinfo, tree, stream)
    return message(tvb, pinfo, tree, stream, false)
end }

frames[2] = { 26, nil, function(tvb, pinfo, tree, stream)
    return message(tvb, pinfo, tree, stream, true)
end }

local function outcome(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false, true)
    return id .. " " .. add_body(tree, tvb, 13) .. " bytes"
end

frames[3] = { 13, nil, outcome }
frames[4] = { 13, nil, outcome }

local function add_code(tree, tvb, at)
    local code = tvb(at, 2):le_uint()
    tree:add_le(f.code, tvb(at, 2))
    return string.format("0x%04x", code)
end

frames[5] = { 23, nil, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false, true)
    local command = add_command(tree, tvb, 13)
    local code = add_code(tree, tvb, 21)
    local at = 23
    if tvb(21, 2):le_uint() == 2 and both_declare(stream, 2) then
        local count = at < tvb:len() and tvb(at, 1):uint()
        if not count or count > 8 or at + 1 + 4 * count > tvb:len() then
            return fault(tree, tvb(21), "the list of fingerprints breaks its bounds")
        end
        for n = 0, count - 1 do
            tree:add_le(f.fingerprint, tvb(at + 1 + 4 * n, 4))
        end
        at = at + 1 + 4 * count
    end
    return id .. " " .. command .. " " .. code .. add_text(tree, tvb, at)
end }

frames[6] = { 13, 13, function(tvb, pinfo, tree, stream)
    return add_id(tvb, pinfo, tree, stream, true)
end }

frames[7] = { 14, 14, function(tvb, pinfo, tree)
    tree:add(f.class, tvb(5, 1))
    tree:add_le(f.granted, tvb(6, 8))
    return tostring(tvb(6, 8):le_uint64()) .. " bytes"
end }

frames[8] = { 14, nil, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false, true)
    tree:add(f.lane, tvb(13, 1))
    local place = pinfo.number .. ":" .. tvb:offset()
    local lane = sender(pinfo) .. " " .. id .. " " .. tvb(13, 1):uint()
    if not stream.firsts[lane] then
        stream.firsts[lane] = place
    end
    local at = 14
    if stream.firsts[lane] == place then
        if tvb:len() < 15 then
            return fault(tree, tvb(), "the first frame of a lane has no flags")
        end
        tree:add(f.flags, tvb(14, 1)):add(f.silent, tvb(14, 1))
        at = 15
    end
    local count = 0
    while at < tvb:len() do
        local size, width = varint(tvb, at, tvb:len())
        if not size or at + width + size > tvb:len() then
            return fault(tree, tvb(at), "an item reaches beyond its frame")
        end
        if size > 0 then
            tree:add(f.item, tvb(at + width, size))
        end
        at, count = at + width + size, count + 1
    end
    tree:add(f.items, count):set_generated()
    return id .. " " .. count .. " items"
end }

frames[9] = { 15, nil, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false)
    tree:add(f.lane, tvb(13, 1))
    tree:add(f.how, tvb(14, 1))
    local how = tvb(14, 1):uint()
    if how == 0 then
        if tvb:len() > 15 then
            return fault(tree, tvb(15), "the frame is longer than its fields")
        end
        return id .. " complete"
    elseif how == 1 then
        return id .. " user error " .. add_body(tree, tvb, 15) .. " bytes"
    elseif how == 2 and tvb:len() >= 17 then
        return id .. " failure " .. add_code(tree, tvb, 15) .. add_text(tree, tvb, 17)
    end
    return fault(tree, tvb(14), "the end is of an unknown kind, or has no code")
end }

frames[10] = { 18, 18, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, true)
    tree:add(f.lane, tvb(13, 1))
    tree:add_le(f.credit, tvb(14, 4))
    local credit = tvb(14, 4):le_uint()
    return id .. " " .. (credit == 0 and "stop" or credit)
end }

frames[11] = { 5, 5, function()
    return ""
end }

frames[12] = { 7, nil, function(tvb, pinfo, tree)
    tree:add_le(f.reason, tvb(5, 2))
    return "reason " .. tvb(5, 2):le_uint() .. add_text(tree, tvb, 7)
end }

frames[13] = { 6, 518, function(tvb, pinfo, tree)
    tree:add(f.refusal, tvb(5, 1))
    if tvb(5, 1):uint() == 0 and tvb:len() >= 38 then
        tree:add(f.proof, tvb(6, 32))
        return "of a secret"
    end
    return "refused" .. add_text(tree, tvb, 6)
end }

frames[14] = { 13, 13, function(tvb, pinfo, tree, stream)
    return add_id(tvb, pinfo, tree, stream, true)
end }

frames[15] = { 22, 22, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false)
    tree:add(f.standing, tvb(13, 1))
    add_command(tree, tvb, 14, f.behind)
    return id .. " standing " .. tvb(13, 1):uint()
end }

frames[16] = { 29, nil, function(tvb, pinfo, tree, stream)
    local id = add_id(tvb, pinfo, tree, stream, false)
    tree:add_le(f.done, tvb(13, 8))
    tree:add_le(f.total, tvb(21, 8))
    local done, total = tvb(13, 8):le_uint64(), tvb(21, 8):le_uint64()
    local of = total == UInt64.new(0) and "" or ("/" .. tostring(total))
    return id .. " " .. tostring(done) .. of .. add_text(tree, tvb, 29)
end }

-- Kinds in which the id at offset 5 or 6 must not be 0.
local ID_AT = { [2] = 6, [3] = 5, [4] = 5, [6] = 5, [8] = 5, [9] = 5, [10] = 5, [14] = 5, [15] = 5, [16] = 5 }

-- One frame; what it is, in a line.
local function frame(tvb, pinfo, tree, stream)
    tree:add_le(f.length, tvb(0, 4))
    tree:add(f.kind, tvb(4, 1))
    local kind = tvb(4, 1):uint()
    local known = frames[kind]
    if not known then
        return fault(tree, tvb(4, 1), "frame kind " .. kind .. " is unknown")
    end
    local least, most, show = known[1], known[2], known[3]
    if tvb:len() < least then
        return KINDS[kind] .. " " .. fault(tree, tvb(), "the frame is shorter than its fields")
    end
    if most and tvb:len() > most then
        return KINDS[kind] .. " " .. fault(tree, tvb(most), "the frame is longer than its fields")
    end
    local id_at = ID_AT[kind]
    if id_at and tvb(id_at, 8):le_uint64() == UInt64.new(0) then
        return KINDS[kind] .. " " .. fault(tree, tvb(id_at, 8), "the id 0")
    end
    local text = KINDS[kind] .. " " .. show(tvb, pinfo, tree, stream)
    return (text:gsub("%s+$", ""))
end

local function add_features(tree, data, stream, role)
    tree:add(f.features, data)
    local bits = {}
    for at = 0, data:len() - 1 do
        local byte = data(at, 1):uint()
        for bit = 0, 7 do
            bits[at * 8 + bit] = math.floor(byte / 2 ^ bit) % 2 == 1
        end
    end
    stream.features[role] = bits
end

local function add_secret(tree, data)
    if data:len() < 32 then
        return
    end
    tree:add(f.nonce, data(0, 32))
    for at = 32, data:len() - 8, 8 do
        tree:add(f.key, data(at, 8))
    end
end

-- The records of a greeting from `at` on; a fault if they break their rules.
local function add_records(tree, tvb, at, stream, role)
    stream.features[role] = {}
    while at < tvb:len() do
        local length = at + 4 <= tvb:len() and tvb(at + 2, 2):le_uint()
        if not length or at + 4 + length > tvb:len() then
            return fault(tree, tvb(at), "a record reaches beyond the greeting")
        end
        local number = tvb(at, 2):le_uint()
        local record = tree:add_le(f.record, tvb(at, 2))
        if length > 0 then
            local data = tvb(at + 4, length)
            if number == 1 then
                add_features(record, data, stream, role)
            elseif number == 5 and length == 8 then
                record:add_le(f.instance, data)
            elseif number == 6 then
                add_secret(record, data)
            end
        end
        at = at + 4 + length
    end
end

-- A greeting (section 3); what it is, in a line.
local function greeting(tvb, pinfo, tree, stream)
    tree:add(f.magic, tvb(0, 8))
    tree:add_le(f.version, tvb(8, 2))
    tree:add_le(f.length, tvb(10, 2))
    local version = tvb(8, 2):le_uint()
    if version ~= 1 then
        return "greeting of version " .. version
    end
    if tvb:len() < 30 then
        return "greeting " .. fault(tree, tvb(), "the greeting is shorter than its fields")
    end
    local role, refusal = tvb(12, 1):uint(), tvb(14, 1):uint()
    tree:add(f.role, tvb(12, 1))
    tree:add(f.codec, tvb(13, 1))
    tree:add(f.refusal, tvb(14, 1))
    tree:add_le(f.max_frame, tvb(16, 4))
    tree:add_le(f.window, tvb(20, 8))
    local length = tvb(28, 2):le_uint()
    if 30 + length > tvb:len() then
        return "greeting " .. fault(tree, tvb(28, 2), "the text reaches beyond the greeting")
    end
    local text = ""
    if length > 0 then
        text = " \"" .. tvb(30, length):string(ENC_UTF_8) .. "\""
        tree:add(f.text, tvb(30, length), tvb(30, length):string(ENC_UTF_8))
    end
    local why = add_records(tree, tvb, 30 + length, stream, role)
    local who = ROLES[role] or fault(tree, tvb(12, 1), "the role is unknown")
    if role == 1 then
        who = who .. ", " .. (REFUSALS[refusal] or ("refusal " .. refusal))
    end
    return "greeting of the " .. who .. text .. (why and (" " .. why) or "")
end

local MAGIC = "\x63\x63\x6f\x6e\x6e\x0d\x0a\x00"

local function is_greeting(tvb, at)
    local count = math.min(8, tvb:len() - at)
    return count > 0 and tvb:raw(at, count) == MAGIC:sub(1, count)
end

-- The bytes of what begins at `at`, and whether it is a greeting; nil if too few have come to tell.
local function size_at(tvb, at)
    local left = tvb:len() - at
    if left < 5 then
        return nil
    end
    if is_greeting(tvb, at) then
        if left < 12 then
            return nil
        end
        return 12 + tvb(at + 10, 2):le_uint(), true
    end
    return 4 + tvb(at, 4):le_uint(), false
end

function cconn.dissector(tvb, pinfo, tree)
    local stream, at, all = stream_of(pinfo), 0, {}
    pinfo.cols.protocol = "cconn"
    while at < tvb:len() do
        local size, greets = size_at(tvb, at)
        if not size then
            pinfo.desegment_offset = at
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            break
        end
        if not greets and (size < 5 or size > LONGEST) then
            local rest = tree:add(cconn, tvb(at))
            rest:add(f.what, fault(rest, tvb(at), "no frame begins here"))
            at = tvb:len()
            break
        end
        if at + size > tvb:len() then
            pinfo.desegment_offset = at
            pinfo.desegment_len = at + size - tvb:len()
            break
        end
        local part = tvb(at, size):tvb()
        local subtree = tree:add(cconn, part())
        local show = greets and greeting or frame
        local what = show(part, pinfo, subtree, stream)
        subtree:add(f.what, part(), what):set_generated()
        subtree:append_text(", " .. what)
        all[#all + 1] = what
        at = at + size
    end
    if #all > 0 then
        pinfo.cols.info = table.concat(all, " | ")
    end
    return tvb:len()
end

-- Any port on which somebody greets.
cconn:register_heuristic("tcp", function(tvb, pinfo, tree)
    if tvb:len() < 8 or not is_greeting(tvb, 0) then
        return false
    end
    pinfo.conversation = cconn
    cconn.dissector(tvb, pinfo, tree)
    return true
end)

-- For "Decode As".
DissectorTable.get("tcp.port"):add_for_decode_as(cconn)

-- Inside TLS, where Wireshark was given the keys: the application protocol is `cconn`.
pcall(function()
    DissectorTable.get("tls.alpn"):add("cconn", cconn)
end)
