"""The law of a registration, written a second time: plain Python from RULES §5, §6 and §11.

Nothing of the product is imported here (a test sees to it). A command is put to this model and to the
service at once; what the model says must come of it is what is asked of the service.
"""
