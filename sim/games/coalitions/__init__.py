"""Who gets what where groups can agree: values, the core, the nucleolus, deals with one hub."""
