"""What the balancer compresses: text that no instance has compressed yet, brotli before gzip. Pure.

A request that another site made its visitor's browser send gets no compressed answer: the length of one tells of
what is in it (BREACH), `docs/adr/0008-edge.md`.
"""

import re

from evenly.local.balancer.terms import Config, extension, typed

LEAST_BYTES = 1024  # below it a packet is not saved
# Never text/event-stream: an event would wait in the compressor for company.
TEXTS = (
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/problem+json",
    "application/wasm",
    "application/xhtml+xml",
    "application/xml",
    "font/ttf",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/markdown",
    "text/plain",
    "text/xml",
)
PARTIAL_CONTENT = 206  # a range of what is stored, not of what would be sent
_LIBRARY = "extensions.compression"


def filters() -> list[Config]:
    """The HTTP filters, in the order in which they are preferred."""
    brotli = extension("brotli", f"{_LIBRARY}.brotli.compressor.v3.Brotli", quality=4)
    gzip = extension(
        "gzip", f"{_LIBRARY}.gzip.compressor.v3.Gzip", compression_level="COMPRESSION_LEVEL_4", window_bits=15
    )
    compressors = (_compressor(brotli, choose_first=True), _compressor(gzip))
    return [_unless_sent_by_another_site(each) for each in compressors]


def _compressor(library: Config, **more: bool) -> Config:
    kinds = "|".join(re.escape(each) for each in TEXTS)
    texts = {"safe_regex": {"regex": rf"(?i)({kinds})\s*(;.*)?"}}
    common = {"min_content_length": LEAST_BYTES, "content_type_matcher": [texts]}
    return extension(
        f"envoy.filters.http.compressor.{library['name']}",
        "extensions.filters.http.compressor.v3.Compressor",
        response_direction_config={
            "common_config": common,
            "uncompressible_response_codes": [PARTIAL_CONTENT],
            "weaken_etag_on_compress": True,
        },
        compressor_library=library,
        **more,
    )


def _unless_sent_by_another_site(compressor: Config) -> Config:
    header = extension(
        "request-headers", "type.matcher.v3.HttpRequestHeaderMatchInput", header_name="sec-fetch-site"
    )
    skip = extension("skip", "extensions.filters.common.matcher.action.v3.SkipFilter")
    from_another = {"exact_match_map": {"map": {"cross-site": {"action": skip}}}}
    return {
        "name": compressor["name"],
        "typed_config": typed(
            "extensions.common.matching.v3.ExtensionWithMatcher",
            extension_config=compressor,
            xds_matcher={"matcher_tree": {"input": header, **from_another}},
        ),
    }
