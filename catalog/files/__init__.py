"""Keep the bytes that parties hand in: materials, proofs, product contents (文件、佐证材料).

A file is stored under the SHA-256 of its bytes, once, whoever uploads it; a row says who uploaded
which bytes when. Confidential by default (HN-28): its owner's people, an agency while it has the
case, the operator's staff and the regulator read it, and each reading by someone else is remembered.
"""
