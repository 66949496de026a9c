/* `tally replay`: carries recorded or generated card traffic out against running nodes. */
#ifndef REPLAY_H
#define REPLAY_H

int replay_main(int argc, char **argv);

#endif
