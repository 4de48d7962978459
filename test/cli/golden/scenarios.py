"""All scenarios, in the order in which they are played."""

import call_files
import saved_logs

ALL = saved_logs.ALL + call_files.ALL
