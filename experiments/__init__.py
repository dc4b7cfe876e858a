"""One dated folder per question; may import anything, and nothing imports it."""
