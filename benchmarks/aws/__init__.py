"""What a job costs on DynamoDB and SQS, counted on an emulator that counts."""
