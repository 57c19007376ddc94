"""An application whose own import fails."""


def _configure():
    raise KeyError("SHOP_KEY")


_configure()
