"""The supervisor: one process that holds an environment as it should be. It serves no traffic itself.

Its loop is observe -> decide -> apply. What it observes are events: a process ended, a port answers, the
balancer's view of health, a command through the control socket. Deciding is `core`. Applying is `hands`.
Every step is recorded before it is done, so that another supervisor, after this one was killed, goes on
where it stopped: it adopts what runs and restarts nothing.

    keeper    fleet, events in, actions out; synchronous, so that tests replay it without a process
    hands     the effects of actions on instances: spawn, signal, publish to the balancer
    parts     balancer and database: start, adopt, start again
    control   the socket on which commands ask
    main      the process: composition and the event loop
"""
