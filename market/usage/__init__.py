"""Usage (使用审计): what a buyer did with the data, one event per request, allowed or denied.

Events of an order are counted without a gap, each names the one before it, and each stands in the
audit log. So a statement of an order is complete, or shows that it is not (RULES §6.8).
"""
