"""The one road to shared data: plan, decide, compile, execute, record."""
