"""All scenarios, in the order in which they are played."""

import call_files
import early_ends
import recordings
import saved_logs
import watches

ALL = recordings.ALL + early_ends.ALL + watches.ALL + saved_logs.ALL + call_files.ALL
