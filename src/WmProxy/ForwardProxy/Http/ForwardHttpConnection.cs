using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Http1;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// What the requests of one client connection share. They come one after the other; between them nothing is held but this. Its row in the connection table
/// lives by the bytes of all of them.
/// </summary>
internal sealed class ForwardHttpConnection : IRelayTraffic, IDisposable
{
    private const int Waiting = 0;
    private const int Serving = 1;
    private const int AwaitingResponse = 2;
    private const int TimedOut = 3;
    private const int Ending = 4;

    // How long a client has to end its own direction; and to take something of what was sent to it.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _canceled = new();
    private BandwidthModel? _bandwidthModel;
    private BandwidthLease? _bandwidth;
    private Task _watch = Task.CompletedTask;
    private long _bytesUp;
    private long _bytesDown;
    private long _messages;
    private int _phase = Serving;

    public ForwardHttpConnection(TransportConnectionContext context, ForwardProxyModel proxy, TimeProvider timeProvider)
    {
        Context = context;
        Proxy = proxy;
        _timeProvider = timeProvider;
        Client = context.State.ClientAddress;
        AccessLog = context.State.AccessLog;
    }

    public TransportConnectionContext Context { get; }

    public TransportStream Stream => Context.Stream;

    public ConnectionState State => Context.State;

    /// <summary>The configuration that the connection began with.</summary>
    public ForwardProxyModel Proxy { get; }

    /// <summary>The client's address; <see langword="null"/> on a Unix domain socket.</summary>
    public IPAddress? Client { get; }

    /// <summary>Whether each request is a line of the access log; the connection is none then.</summary>
    public bool AccessLog { get; }

    /// <summary>The head of the request that is being served.</summary>
    public RequestHead Request { get; } = new();

    /// <summary>The head of its response.</summary>
    public ResponseHead Response { get; } = new();

    /// <summary>What goes to the destination with the next write.</summary>
    public OutputBuffer Up { get; } = new();

    /// <summary>What goes to the client with the next write.</summary>
    public OutputBuffer Down { get; } = new();

    /// <summary>Who it was that asked last.</summary>
    public RememberedLogin Login { get; } = new();

    /// <summary>The connections to destinations.</summary>
    public UpstreamHolder Upstreams { get; } = new();

    /// <summary>The target of the last request.</summary>
    public RequestTarget? LastTarget { get; set; }

    /// <summary>How many times in a row the client was asked for credentials.</summary>
    public int Challenges { get; set; }

    /// <summary>Cancelled when the connection is ended from outside: for what a closed socket does not interrupt.</summary>
    public CancellationToken Canceled => _canceled.Token;

    public long BytesUp => Volatile.Read(ref _bytesUp);

    public long BytesDown => Volatile.Read(ref _bytesDown);

    public long Activity => BytesUp + BytesDown + Volatile.Read(ref _messages);

    public int EndedDirections => 0;

    public long? AcknowledgedWhilePending => TransportStream.SumOfAcknowledged(Stream, Upstreams.Current?.Stream);

    /// <summary>Counts bytes that were written. Each direction has one writer at a time.</summary>
    public void AddBytes(RelayDirection direction, int count)
    {
        if (direction == RelayDirection.Up)
        {
            Volatile.Write(ref _bytesUp, _bytesUp + count);
        }
        else
        {
            Volatile.Write(ref _bytesDown, _bytesDown + count);
        }
    }

    /// <summary>
    /// The request that was served is over: waits for the next one, for at most the idle time set. <see langword="false"/> when none comes: the client has
    /// ended its direction, or the connection is to end.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> WaitForRequestAsync(long idleTicks)
    {
        State.LimitIdle(idleTicks);
        Volatile.Write(ref _messages, _messages + 1);
        SkipEmptyLines();
        if (!Stream.Buffered.IsEmpty)
        {
            // Pipelined.
            return !State.IsDraining;
        }

        // Whoever ends it from now on waits for this wait.
        Watch();
        Interlocked.Exchange(ref _phase, Waiting);
        if (State.IsDraining && TryLeave(Waiting, Ending))
        {
            return false;
        }

        await _watch;

        // Whoever ends it meanwhile has it, and waits for this very wait to be over.
        return TryLeave(Waiting, Serving);
    }

    /// <summary>Passes over empty lines before a request (RFC 9112 section 2.2).</summary>
    public void SkipEmptyLines()
    {
        while (Stream.Buffered.Span.StartsWith("\r\n"u8))
        {
            Stream.Consume(2);
        }
    }

    /// <summary>
    /// From now on a reset by the client ends the request that is being served, although nobody reads: only once all that belongs to the request is read. An
    /// end of its direction is no reason to deny it the answer.
    /// </summary>
    public void Watch()
    {
        if (_watch.IsCompleted && Stream.Buffered.IsEmpty)
        {
            _watch = WatchAsync();
        }
    }

    /// <summary>The destination has the request, or part of it, and is to answer.</summary>
    public void AwaitResponse()
    {
        Volatile.Write(ref _messages, _messages + 1);
        TryLeave(Serving, AwaitingResponse);
    }

    /// <summary>The response has begun, or there will be none; <see langword="false"/> when that took too long.</summary>
    public bool ResponseCame() => TryLeave(AwaitingResponse, Serving) || !TryLeave(TimedOut, Serving);

    /// <summary>The limits of <paramref name="model"/> for this connection, as long as requests go by it.</summary>
    public BandwidthLease? GetBandwidth(BandwidthModel? model)
    {
        if (model != _bandwidthModel)
        {
            _bandwidth?.Dispose();
            (_bandwidthModel, _bandwidth) = (model, model?.Rent(Client));
        }

        return _bandwidth;
    }

    /// <summary>
    /// Ends the connection with a last message that is to arrive (see <see cref="FinalReply"/>), whatever its client still sends.
    /// </summary>
    /// <param name="reply">The message; empty where it was sent.</param>
    /// <param name="reason">What is recorded.</param>
    /// <param name="sending">The content of the last request that is still on its way, to a destination that is gone.</param>
    public async ValueTask EndAsync(ReadOnlyMemory<byte> reply, ConnectionEndReason reason, Task? sending)
    {
        Volatile.Write(ref _phase, Ending);
        if (State.TryEnd(reason))
        {
            try
            {
                using (var timeout = new CancellationTokenSource(AnswerTimeout, _timeProvider))
                {
                    await Stream.WriteAsync(reply, timeout.Token);
                    AddBytes(RelayDirection.Down, reply.Length);
                    await Stream.CompleteWritesAsync(timeout.Token);
                }

                State.EndsInOrder = true;
                await WaitForClientAsync(Task.WhenAll(_watch, sending ?? Task.CompletedTask));
                using var patience = new CancellationTokenSource(EndPatience, _timeProvider);
                await FinalReply.DiscardAsync(Stream, patience.Token);
            }
            catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException or OperationCanceledException or TimeoutException)
            {
                // Gone, or too slow to be waited for.
            }
        }

        if (!_watch.IsCompleted || sending is { IsCompleted: false })
        {
            // Whatever still reads is not to outlive it. What the client has not taken yet is still sent to it.
            await Stream.DisposeAsync();
        }

        await _watch;
        await (sending ?? Task.CompletedTask);
    }

    public bool TryEndIdle()
    {
        switch (Volatile.Read(ref _phase))
        {
            case AwaitingResponse when TryLeave(AwaitingResponse, TimedOut):
                // The client is told so.
                Upstreams.Abort(forGood: false);
                return true;
            case Serving:
                // A login, a lookup, a dial and an answer have time limits of their own.
                return Upstreams.Current is null;
            default:
                return TryEndWaiting(ConnectionEndReason.IdleTimeout);
        }
    }

    public void Drain() => TryEndWaiting(ConnectionEndReason.Completed);

    public void Cancel(ConnectionEndReason reason)
    {
        Stream.Abort();
        _canceled.Cancel();
        Upstreams.Abort(forGood: true);
    }

    public void Dispose()
    {
        _bandwidth?.Dispose();
        Upstreams.Dispose();
        Request.Release();
        Response.Release();
        Up.Release();
        Down.Release();
    }

    private bool TryEndWaiting(ConnectionEndReason reason)
    {
        if (!TryLeave(Waiting, Ending))
        {
            return false;
        }

        _ = EndWaitingAsync(reason);
        return true;
    }

    // Sends the end, and lets the client do likewise: its next request may be on its way, and a reset would say more than there is to say.
    private async Task EndWaitingAsync(ConnectionEndReason reason)
    {
        State.TryEnd(reason);
        State.EndsInOrder = true;
        try
        {
            using (var timeout = new CancellationTokenSource(AnswerTimeout, _timeProvider))
            {
                await Stream.CompleteWritesAsync(timeout.Token);
            }

            await WaitForClientAsync(_watch);
        }
        catch (Exception ex) when (ex is OperationCanceledException or SocketException or IOException or ObjectDisposedException or TimeoutException)
        {
            await Stream.DisposeAsync();
        }
    }

    /// <summary>
    /// The client is told that this is the end: waits for <paramref name="itsEnd"/>, longer as long as it takes what was sent to it, which may be megabytes in
    /// the system's buffers.
    /// </summary>
    /// <exception cref="TimeoutException">It has not come.</exception>
    private async Task WaitForClientAsync(Task itsEnd)
    {
        var stalled = TimeSpan.Zero;
        for (long? seen = null; ;)
        {
            try
            {
                await itsEnd.WaitAsync(EndPatience, _timeProvider);
                return;
            }
            catch (TimeoutException) when (Stream.AcknowledgedWhilePending is { } acknowledged && stalled < ReadPatience)
            {
                stalled = acknowledged == seen ? stalled + EndPatience : TimeSpan.Zero;
                seen = acknowledged;
            }
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            // Waits without a buffer; then, where it was no end of this wait that anybody waited for, has a look at what it is.
            _ = await Stream.ReadAsync(Memory<byte>.Empty);
            if (Volatile.Read(ref _phase) is Serving or AwaitingResponse)
            {
                _ = await Stream.ReadAsync(Memory<byte>.Empty);
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            if (Volatile.Read(ref _phase) is Serving or AwaitingResponse)
            {
                State.Abort(ConnectionEndReason.ClientReset);
            }
        }
    }

    private bool TryLeave(int phase, int next) => Interlocked.CompareExchange(ref _phase, next, phase) == phase;
}
