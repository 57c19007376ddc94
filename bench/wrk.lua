-- Says what happened in words that a program can read.
done = function(summary, latency, requests)
    local failed = summary.errors
    io.write(string.format(
        'counted {"microseconds":%d,"answers":%d,"not_ok":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,'
        .. '"p50":%d,"p99":%d}\n',
        summary.duration, summary.requests, failed.status,
        failed.connect, failed.read, failed.write, failed.timeout,
        latency:percentile(50), latency:percentile(99)))
end
