using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using WmProxy.Connections;
using WmProxy.Relay;

namespace WmProxy.Listeners;

/// <summary>
/// A connection of our own listeners in the hands of another server (Kestrel's HTTP). Between its bytes and the server's pipes there is a loop each way, so
/// that a client that leaves is noticed also while the server does not read. That a client has ended its direction is no reason to deny it the answer: unlike
/// with Kestrel's own sockets, <see cref="ConnectionClosed"/> means a failure, not an end.
/// </summary>
internal sealed class HandOffConnection : ConnectionContext, IRelayTraffic
{
    private const int MinReadSize = 4096;
    private const int MaxDiscarded = 1024 * 1024;

    private static readonly TimeSpan FinishTimeout = TimeSpan.FromSeconds(5);
    private static readonly PipeOptions PipeOptions = new(useSynchronizationContext: false);

    private readonly TransportConnectionContext _connection;
    private readonly TimeProvider _timeProvider;
    private readonly Pipe _input = new(PipeOptions);
    private readonly Pipe _output = new(PipeOptions);
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytesUp;
    private long _bytesDown;
    private int _endedDirections;
    private volatile bool _hasFailed;

    public HandOffConnection(TransportConnectionContext connection, TimeProvider timeProvider)
    {
        _connection = connection;
        _timeProvider = timeProvider;
        Transport = new DuplexPipe(_input.Reader, _output.Writer);
        ConnectionClosed = _closed.Token;
    }

    /// <summary>What is recorded when the server aborts the connection; whoever knows better sets it.</summary>
    public ConnectionEndReason AbortReason { get; set; } = ConnectionEndReason.ProtocolError;

    public override string ConnectionId { get => _connection.ConnectionId; set => _connection.ConnectionId = value; }

    public override IFeatureCollection Features => _connection.Features;

    public override IDictionary<object, object?> Items { get => _connection.Items; set => _connection.Items = value; }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get => _connection.LocalEndPoint; set => _connection.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _connection.RemoteEndPoint; set => _connection.RemoteEndPoint = value; }

    public long BytesUp => Volatile.Read(ref _bytesUp);

    public long BytesDown => Volatile.Read(ref _bytesDown);

    public long Activity => BytesUp + BytesDown + EndedDirections;

    public int EndedDirections => Volatile.Read(ref _endedDirections);

    public long? AcknowledgedWhilePending => _connection.Stream.AcknowledgedWhilePending;

    /// <summary>Gives the connection to <paramref name="listener"/>'s server and runs it until the server is done and its last byte is sent.</summary>
    public async Task RunAsync(HandOffListener listener)
    {
        var state = _connection.State;
        if (!await listener.TryHandOffAsync(this))
        {
            state.TryEnd(ConnectionEndReason.Shutdown);
            return;
        }

        var receiving = ReceiveAsync();
        var sending = SendAsync();
        await _served.Task;
        await sending;
        await FinishAsync(receiving);
        state.TryEnd(_hasFailed ? ConnectionEndReason.ClientReset : ConnectionEndReason.Completed);
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        // The relay of the state is this, whose cancellation does the rest.
        _connection.State.Abort(_hasFailed ? ConnectionEndReason.ClientReset : AbortReason);
    }

    public void Cancel(ConnectionEndReason reason)
    {
        _connection.State.Accepted?.Abort();
        Fail();
    }

    /// <summary>The server is done. The connection itself is not its to close.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _input.Reader.CompleteAsync();
        await _output.Writer.CompleteAsync();
        _served.TrySetResult();
    }

    private async Task ReceiveAsync()
    {
        var stream = _connection.Stream;
        Exception? error = null;
        try
        {
            while (true)
            {
                // Waits without a buffer.
                _ = await stream.ReadAsync(Memory<byte>.Empty);
                var read = await stream.ReadAsync(_input.Writer.GetMemory(MinReadSize));
                if (read == 0)
                {
                    Interlocked.Increment(ref _endedDirections);
                    if (stream.IsResetBehindEnd)
                    {
                        throw new ConnectionResetException("The client reset the connection.");
                    }

                    break;
                }

                Volatile.Write(ref _bytesUp, _bytesUp + read);
                _input.Writer.Advance(read);
                if ((await _input.Writer.FlushAsync()).IsCompleted)
                {
                    await DiscardAsync(stream);
                    break;
                }
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            error = new ConnectionResetException(ex.Message, ex);
            Fail();
        }

        await _input.Writer.CompleteAsync(error);
    }

    private async Task SendAsync()
    {
        var stream = _connection.Stream;
        try
        {
            while (true)
            {
                var result = await _output.Reader.ReadAsync();
                foreach (var segment in result.Buffer)
                {
                    await stream.WriteAsync(segment);
                    Volatile.Write(ref _bytesDown, _bytesDown + segment.Length);
                }

                _output.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            Fail();
        }

        // The server sees that nothing is sent any more by its flush being completed.
        await _output.Reader.CompleteAsync();
    }

    /// <summary>Ends the direction to the client, and gives it the time to read what was sent.</summary>
    private async ValueTask FinishAsync(Task receiving)
    {
        if (!_hasFailed)
        {
            try
            {
                using var timeout = new CancellationTokenSource(FinishTimeout, _timeProvider);
                await _connection.Stream.CompleteWritesAsync(timeout.Token);
                await receiving.WaitAsync(timeout.Token);
                return;
            }
            catch (Exception ex) when (ex is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
            {
                // It took too long, or is gone.
            }
        }

        _connection.Stream.Abort();
        await receiving;
    }

    private static async ValueTask DiscardAsync(TransportStream stream)
    {
        var buffer = new byte[MinReadSize];
        for (var left = MaxDiscarded; left > 0;)
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                return;
            }

            left -= read;
        }
    }

    private void Fail()
    {
        if (_hasFailed)
        {
            return;
        }

        _hasFailed = true;

        // Not on this thread: whatever the server does about it is not this loop's matter.
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
    }
}
