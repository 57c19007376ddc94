"""The long text that `edge_app` serves."""

TEXT = "".join(f"{number} bottles of beer on the wall\n" for number in range(5000)).encode()
ETAG = b'"bottles"'
