"""Answer the same command once: the record of answered commands (幂等记录).

A caller that lost our answer sends the same request with the same key and gets the same answer;
nothing happens twice. The record is written in the command's own transaction.
"""
