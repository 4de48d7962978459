"""All scenarios, in the order in which they are played."""

import call_files
import recordings
import saved_logs

ALL = recordings.ALL + saved_logs.ALL + call_files.ALL
