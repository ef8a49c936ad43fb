"""What is known of a trained model: `PINN.report`."""

from keras_isgd.models.report.make import report_of
from keras_isgd.models.report.report import Report
from keras_isgd.models.report.trained import Trained

__all__ = ["Report", "Trained", "report_of"]
