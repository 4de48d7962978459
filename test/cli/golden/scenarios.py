"""All scenarios, in the order in which they are played."""

import saved_logs

ALL = saved_logs.ALL
