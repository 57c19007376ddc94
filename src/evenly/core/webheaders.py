"""The headers that every edge adds to answers and takes off them: Envoy on this machine, CloudFront on AWS. Pure.

What an application sets itself is kept: these are added where it is silent. Why each value is as it is, and why some
are milder than OWASP's: `docs/adr/0008-edge.md`.
"""

# Five minutes, no subdomains: enough to be seen, soon forgotten. Never on localhost, where it would cut off
# whatever else the machine serves by plain HTTP.
HSTS_S = 300
HSTS = f"max-age={HSTS_S}"

DEVICES = (
    "accelerometer",
    "bluetooth",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_EVERYWHERE = {
    "permissions-policy": ", ".join(f"{device}=()" for device in DEVICES),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
    "cross-origin-resource-policy": "same-origin",
}
# OWASP's values, but for three that would break common applications: ADR 0008.
FOR_APPLICATIONS = {
    **_EVERYWHERE,
    "content-security-policy": "base-uri 'self'; object-src 'none'",
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "referrer-policy": "strict-origin-when-cross-origin",
}
# Of what the balancer says itself. A page names a policy of its own: `PAGE_POLICY`.
FOR_OWN_ANSWERS = {
    **_EVERYWHERE,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
# Of an error page, built in or the user's: it may look as it likes, load from this service alone, and run nothing.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# What names the software behind, or its version. From OWASP's list of headers to remove, without those that
# tracing and source maps live on.
SOFTWARE = (
    "host-header",
    "k-proxy-request",
    "liferay-portal",
    "oraclecommercecloud-version",
    "powered-by",
    "server",
    "via",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-cf-powered-by",
    "x-cms",
    "x-cocoon-version",
    "x-content-encoded-by",
    "x-framework",
    "x-generated-by",
    "x-generator",
    "x-joomla-version",
    "x-mod-pagespeed",
    "x-owa-version",
    "x-page-speed",
    "x-php-version",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-powered-cms",
    "x-redirect-by",
    "x-runtime",
    "x-server-powered-by",
    "x-sourcefiles",
    "x-turbo-charged-by",
    "x-umbraco-version",
)
