"""What the shared store does in one step, in Lua. One hash per key, for all of its owners and types:

    n      number of the last load begun, in microseconds of the server's clock, and always rising
    f      loads up to this number are not kept: the last invalidation, or the first load after the hash was lost
    v      version of the last invalidation that had one, 20 digits
    e<x>   entry of variant x (an owner and a type), encoded
    w<x>   number of the load that wrote it
    l<x>   lease: who loads, and until when

A hash that is gone when a load ends refuses what it brings, and numbers outlive it because they are times: so neither
eviction nor a restart of the server lets an old answer in.
"""

READ = """
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('HGET', key, 'e' .. ARGV[1]) end
return found
"""
"""ARGV: variant. Answers entries or nil."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end
local function live(key, ms) if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end end
"""

BEGIN = (
    _NOW
    + """
local claims = {}
for i, key in ipairs(KEYS) do
  local at = redis.call('HMGET', key, 'n', 'f', 'e' .. ARGV[1], 'l' .. ARGV[1])
  local number = math.max(now, (tonumber(at[1]) or 0) + 1)
  redis.call('HSET', key, 'n', whole(number))
  if not at[2] then redis.call('HSET', key, 'f', whole(number - 1)) end
  local holder, ends = string.match(at[4] or '', '^(%S+) (%d+)$')
  local leads = 1
  if holder and holder ~= ARGV[2] and tonumber(ends) > now then leads = 0
  else redis.call('HSET', key, 'l' .. ARGV[1], ARGV[2] .. ' ' .. whole(now + ARGV[3] * 1000)) end
  live(key, ARGV[4])
  claims[i] = {whole(number), leads, at[3]}
end
return claims
"""
)
"""ARGV: variant, holder, lease ms, least life of the hash in ms. Answers number, whether to lead, entry or nil."""

WRITE = """
local kept = {}
for i, key in ipairs(KEYS) do
  local number, ms, entry = ARGV[3 * i + 1], ARGV[3 * i + 2], ARGV[3 * i + 3]
  local at = redis.call('HMGET', key, 'f', 'w' .. ARGV[1], 'l' .. ARGV[1], 'n', 'v')
  kept[i] = 0
  if at[1] and tonumber(number) > tonumber(at[1]) and tonumber(number) > (tonumber(at[2]) or 0) then
    if redis.call('HLEN', key) > tonumber(ARGV[3]) then
      redis.call('DEL', key)
      redis.call('HSET', key, 'n', at[4], 'f', string.format('%.0f', number - 1))
      if at[5] then redis.call('HSET', key, 'v', at[5]) end
    end
    redis.call('HSET', key, 'w' .. ARGV[1], number)
    if entry == '' then redis.call('HDEL', key, 'e' .. ARGV[1])
    else redis.call('HSET', key, 'e' .. ARGV[1], entry) end
    if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
    kept[i] = 1
  end
  if at[3] and string.match(at[3], '^%S+') == ARGV[2] then redis.call('HDEL', key, 'l' .. ARGV[1]) end
end
return kept
"""
"""ARGV: variant, holder, most fields of a hash, then number, life in ms and entry ('' for none) of each key."""

RELEASE = """
for i, key in ipairs(KEYS) do
  local lease = redis.call('HGET', key, 'l' .. ARGV[1])
  if lease and string.match(lease, '^%S+') == ARGV[2] then redis.call('HDEL', key, 'l' .. ARGV[1]) end
end
return 1
"""
"""ARGV: variant, holder."""

FORGET = (
    _NOW
    + """
local news = {}
local stream, counter = KEYS[#KEYS - 1], KEYS[#KEYS]
for i = 1, #KEYS - 2 do
  local key = KEYS[i]
  local at = redis.call('HMGET', key, 'n', 'v')
  news[i] = 0
  if ARGV[1] == '' or not at[2] or ARGV[1] > at[2] then
    local number = whole(math.max(now, (tonumber(at[1]) or 0) + 1))
    local version = ARGV[1] ~= '' and ARGV[1] or at[2]
    redis.call('DEL', key)
    redis.call('HSET', key, 'n', number, 'f', number)
    if version then redis.call('HSET', key, 'v', version) end
    redis.call('PEXPIRE', key, ARGV[2])
    redis.call('XADD', stream, 'MAXLEN', '~', ARGV[3], '*', 'sequence', redis.call('INCR', counter),
      'origin', ARGV[4], 'shelf', ARGV[5], 'key', ARGV[5 + i], 'version', ARGV[1])
    news[i] = 1
  end
end
return news
"""
)
"""ARGV: version or '', life of the hash in ms, length of the stream, origin, shelf, then the keys. KEYS end with the
stream and the counter of its events."""
