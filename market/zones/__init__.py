"""Zones of public data (公共数据专区, BJ-03, F36): of a field, of a region, or comprehensive and basic.

The authority founds a zone and says who operates and who supervises it. Its operator puts products
into it and takes them out again, each with a reason that everybody may read; a product stands in one
zone at most. Calls, agreements and assessments of authorised operation (BJ-09 on) are not here yet.
"""
