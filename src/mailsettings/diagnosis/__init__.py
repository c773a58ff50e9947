"""What was seen into what it means and what to do about it. Pure: nobody is contacted here."""
