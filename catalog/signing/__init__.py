"""Keep the signing keys (签名密钥): which key signs what, since when, and how to check it.

One key per purpose; the purpose stands inside the signed bytes, so that a signature made for one
thing never counts for another. Public keys with their periods are rows; private keys are files,
read once by the wiring and handed in. The format is told in FORMAT.md.
"""
