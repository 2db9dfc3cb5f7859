"""Say which permission each route needs, a file for each part of the business."""
