-- Requests as a client of a proxy sends them: with the whole URL. The URL is what wrk gets behind --.
function init(args)
  wrk.path = args[1]
  wrk.headers["Host"] = args[1]:match("^http://([^/]+)")
  request_text = wrk.format()
end

function request()
  return request_text
end
