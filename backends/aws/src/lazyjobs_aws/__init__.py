"""The backend of lazyjobs on DynamoDB and SQS: for those who outgrow one machine.

DynamoDB holds the whole truth. SQS carries a hint for each job that is due at once, and may lose, repeat or delay it.
"""

from lazyjobs_aws._backend import AwsBackend
from lazyjobs_aws._options import Options

__all__ = ["AwsBackend", "Options"]
