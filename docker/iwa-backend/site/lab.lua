-- The lab's pages that answer something: who is signed in, what arrived, slow and streamed answers.
--
--   /whoami    {"user", "auth", "site", "scheme"}          /slow?ms=N     answers after N ms (10 s at most)
--   /headers   every request header, as it arrived          /events?n=N    N server-sent events, 100 ms apart
--   /echo      length and SHA-1 of the body (64 MB)         /status/NNN    answers with that status
--   /redirect  302 to an absolute URL of this very site     /cookie        Set-Cookie with Domain and Path
--   /socket    a WebSocket that sends back what it gets, to `whoami` the user, with a cookie in its 101; mod_lua ends it by closing the connection, without a close frame

local BODY_LIMIT = 64 * 1024 * 1024

local ESCAPES = { ['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ESCAPES[c] or string.format('\\u%04x', c:byte()) end) .. '"'
end

local function json(r, pairs_in_order)
  local parts = {}
  for _, pair in ipairs(pairs_in_order) do
    local value = pair[2]
    if type(value) == 'string' then value = quoted(value) end
    parts[#parts + 1] = quoted(pair[1]) .. ':' .. tostring(value == nil and 'null' or value)
  end
  r.content_type = 'application/json'
  r:puts('{' .. table.concat(parts, ',') .. '}\n')
end

local function scheme(r) return r.is_https and 'https' or 'http' end

local function argument(r, name, default, most)
  local value = tonumber((r.args or ''):match('^' .. name .. '=(%d+)$') or default)
  return math.min(value, most)
end

local pages = {}

function pages.whoami(r)
  r.headers_out['Cache-Control'] = 'no-store'
  json(r, { { 'user', r.user }, { 'auth', r.ap_auth_type }, { 'site', r.hostname }, { 'scheme', scheme(r) } })
end

function pages.headers(r)
  local all = {}
  for name, value in pairs(r:headers_in_table()) do all[#all + 1] = { name, value } end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  json(r, all)
end

function pages.echo(r)
  local body = ''
  if r.method ~= 'GET' and r.method ~= 'HEAD' then body = r:requestbody(nil, BODY_LIMIT) or '' end
  json(r, { { 'method', r.method }, { 'length', #body }, { 'sha1', r:sha1(body) }, { 'user', r.user } })
end

function pages.slow(r)
  local ms = argument(r, 'ms', 1000, 10000)
  r.usleep(ms * 1000)
  json(r, { { 'slept', ms } })
end

function pages.events(r)
  r.content_type = 'text/event-stream'
  for n = 1, argument(r, 'n', 5, 3000) do
    r:puts('data: ' .. n .. '\n\n')
    r:flush()
    r.usleep(100000)
  end
end

function pages.cookie(r)
  r.headers_out['Set-Cookie'] = 'backend=1; Domain=' .. r.hostname .. '; Path=/; HttpOnly'
  json(r, { { 'cookie', 'backend' } })
end

function pages.redirect(r)
  r.headers_out['Location'] = scheme(r) .. '://' .. r.hostname .. '/whoami'
  return 302
end

function pages.socket(r)
  r.headers_out['Set-Cookie'] = 'socket=' .. (r.user or 'nobody'):match('^[^@]+') .. '; Domain=' .. r.hostname .. '; Path=/'
  if not r:wsupgrade() then return 400 end
  while true do
    local line = r:wsread()
    if not line then break end
    r:wswrite(line == 'whoami' and (r.user or 'nobody') or line)
  end
  r:wsclose()
end

function handle(r)
  local status = r.uri:match('^/status/(%d+)$')
  if status then
    r.status = tonumber(status)
    json(r, { { 'status', r.status } })
    return apache2.OK
  end
  local answer = pages[r.uri:sub(2)](r)
  return answer or apache2.OK
end
