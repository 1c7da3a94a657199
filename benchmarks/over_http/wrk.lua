-- One request over and over, as its octets lie in a file; at the end a line of JSON with what came of it.
local file = assert(io.open(os.getenv("BENCH_REQUEST"), "rb"))
local octets = file:read("*a")
file:close()

request = function()
  return octets
end

done = function(summary, latency)
  local errors = summary.errors
  local faults = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"answers": %d, "seconds": %.6f, "p50": %.6f, "p99": %.6f, "faults": %d}\n'
  io.write(line:format(summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, faults))
end
