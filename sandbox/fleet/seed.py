"""Makes the demo fleet. Prints its progress as JSON lines."""
import json
print(json.dumps({"message": "nothing yet"}))
