-- Of each owner's models so many of the newest are kept; what they said goes with the others.
grant delete on models to trawl_app;
