-- Puts the user's error page in place of an app's bare error. What is replaced: docs/manifest.md, `http.error_pages`.
-- error_pages.py writes PAGES (by status or class), TITLES (by status), POLICY and MOST above it.

local KEEPS = "x-evenly-error-page"
local ASKED = "x-evenly-asked" -- method, reference and Accept of the request, put there by the router
local LARGEST_BARE_BYTES = 1024
local STALE = {"content-disposition", "content-encoding", "content-language", "content-security-policy",
  "etag", "last-modified", "accept-ranges"}

local function wish(accept)
  local html, json = accept:find("text/html", 1, true), accept:find("json", 1, true)
  if html and (json == nil or html < json) then return "html" end
  return json and "json"
end

local function kind_of(headers)
  return (headers:get("content-type") or ""):lower()
end

local function is_bare(headers, wanted)
  local length, kind = tonumber(headers:get("content-length") or ""), kind_of(headers)
  if length == nil or length > LARGEST_BARE_BYTES then return false end
  local is_html, is_text = kind:find("text/html", 1, true) == 1, kind:find("text/plain", 1, true) == 1
  return length == 0 or is_html or (wanted == "html" and (is_text or kind == ""))
end

local function is_replaced(headers, wanted)
  local said = headers:get(KEEPS)
  if said == "keep" then return false end
  return (wanted == "html" and said == "replace") or is_bare(headers, wanted)
end

local function as_html(page, status, id)
  return (page:gsub("{{ ?status ?}}", status, MOST):gsub("{{ ?request_id ?}}", id, MOST))
end

local function as_problem(status, id)
  return string.format('{"type":"about:blank","title":"%s","status":%s,"request_id":"%s"}',
    TITLES[status] or "Error", status, id)
end

local function replace(handle, headers, told, body, kind)
  for _, name in ipairs(STALE) do headers:remove(name) end
  headers:replace("content-type", kind)
  headers:replace("cache-control", "no-store")
  headers:replace("x-content-type-options", "nosniff")
  local varies = (headers:get("vary") or ""):lower():gsub("accept%-%w+", "")
  if not varies:find("accept", 1, true) then headers:add("vary", "accept") end
  if kind ~= "application/problem+json" then headers:replace("content-security-policy", POLICY) end
  headers:replace("content-length", tostring(#body))
  if not told.head then handle:body(true):setBytes(body) end -- this waits: `headers` is of no use afterwards
end

local function told_of(asked)
  local method, id, accept = (asked or ""):match("^(%S+) (%S+) (.*)$")
  local wanted = accept and wish(accept:lower())
  return wanted and {wanted = wanted, id = id, head = method == "HEAD"}
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local status = headers:get(":status")
  local page = status >= "400" and (PAGES[status] or PAGES[status:sub(1, 1) .. "xx"])
  local told = page and told_of(headers:get(ASKED))
  local replaced = told and is_replaced(headers, told.wanted)
  headers:remove(KEEPS)
  headers:remove(ASKED)
  if replaced and told.wanted == "html" then
    replace(handle, headers, told, as_html(page, status, told.id), "text/html; charset=utf-8")
  elseif replaced then
    replace(handle, headers, told, as_problem(status, told.id), "application/problem+json")
  end
end
