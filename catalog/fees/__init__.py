"""Say what a registration costs (收费标准): 有偿 by law, nothing by default (HN-04)."""
