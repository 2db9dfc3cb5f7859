"""Keep data products as files (产品清单): what a supplier writes in YAML or JSON, and in what it differs.

A manifest lists products by keys of the supplier's own; each is a ``Description`` and its key. Nothing
here asks the service: what is read here is checked by the rules that need no database, and what stands
there is given. No secret belongs into a manifest; the token comes from elsewhere.
"""
