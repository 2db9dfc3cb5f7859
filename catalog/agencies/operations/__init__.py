"""The use cases around agencies: ``contracts``, ``assignments`` of cases, ``misconduct``."""
