"""`python -m torture`: the campaign, in any number of goes."""

from torture.campaign import main

if __name__ == "__main__":
    main()
