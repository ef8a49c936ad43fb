"""`python -m keras_isgd`."""

import sys

from keras_isgd.cli import main

sys.exit(main())
