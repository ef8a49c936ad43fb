"""`python -m keras_isgd`."""

import sys

from keras_isgd.app.cli import main

sys.exit(main())
