using System;

namespace WmProxy.Relay.Linux;

/// <summary>
/// What a relay asks of the system, so that its decisions can be tested against any behaviour of it. Counts, 0 at the end of a peer's direction, or the
/// negated errno; nothing waits.
/// </summary>
/// <typeparam name="TPipe">A pipe.</typeparam>
internal interface IRelayCalls<TPipe>
    where TPipe : class
{
    int Receive(int socket, Span<byte> buffer);

    int Send(int socket, ReadOnlySpan<byte> bytes);

    /// <summary>Sends bytes that may wait for the end which <see cref="ShutdownSend"/> puts behind them at once, if all of them are taken.</summary>
    int SendLast(int socket, ReadOnlySpan<byte> bytes);

    /// <summary>Moves what the socket has, up to a pipe's capacity, into an empty pipe.</summary>
    int SpliceIn(int socket, TPipe pipe);

    /// <summary>Moves up to <paramref name="count"/> bytes out of a pipe.</summary>
    int SpliceOut(TPipe pipe, int socket, int count);

    /// <summary>Ends the direction towards the peer.</summary>
    int ShutdownSend(int socket);

    /// <summary>An empty pipe; <see langword="null"/> when there are no descriptors left for one.</summary>
    TPipe? RentPipe();

    /// <summary>Takes a pipe back that still holds <paramref name="pending"/> bytes.</summary>
    void ReturnPipe(TPipe pipe, int pending);
}
