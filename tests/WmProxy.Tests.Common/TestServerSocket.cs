using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>
/// A server for one test: listens on port 0 of a loopback (or on a Unix domain socket), runs a handler for each connection, and ends every
/// connection on dispose.
/// </summary>
public class TestServerSocket : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<RawConnection, CancellationToken, Task> _handler;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<RawConnection, Task> _running = new();
    private readonly Channel<RawConnection> _accepted = Channel.CreateUnbounded<RawConnection>();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly Task _accepting;
    private int _acceptedCount;
    private int _disposed;

    /// <param name="handler">Runs for each connection; when it ends the connection is closed.</param>
    /// <param name="listenOn">Where to listen. Default: 127.0.0.1, port 0.</param>
    /// <param name="configure">Sets options of the listening socket, which accepted ones inherit.</param>
    public TestServerSocket(Func<RawConnection, CancellationToken, Task> handler, EndPoint? listenOn = null, Action<Socket>? configure = null)
    {
        listenOn ??= new IPEndPoint(IPAddress.Loopback, 0);
        var isUnix = listenOn is UnixDomainSocketEndPoint;
        _handler = handler;
        _listener = new Socket(listenOn.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        configure?.Invoke(_listener);
        _listener.Bind(listenOn);
        _listener.Listen(4096);
        EndPoint = isUnix ? listenOn : _listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>The port 0 of 127.0.0.1.</summary>
    public static EndPoint AnyIPv4 => new IPEndPoint(IPAddress.Loopback, 0);

    /// <summary>The port 0 of ::1.</summary>
    public static EndPoint AnyIPv6 => new IPEndPoint(IPAddress.IPv6Loopback, 0);

    /// <summary>Where it listens, with the real port.</summary>
    public EndPoint EndPoint { get; }

    public int Port => ((IPEndPoint)EndPoint).Port;

    /// <summary>The address as a destination has it: <c>tcp://127.0.0.1:40001</c> or <c>unix:/path</c>.</summary>
    public string Address => EndPoint is UnixDomainSocketEndPoint unix ? $"unix:{unix}" : $"tcp://{EndPoint}";

    /// <summary>How many connections were accepted so far.</summary>
    public int AcceptedCount => Volatile.Read(ref _acceptedCount);

    /// <summary>How many connections are open now, as far as their handlers have noticed.</summary>
    public int OpenCount => _running.Count;

    /// <summary>What the handlers threw, apart from the ends of their connections.</summary>
    public ConcurrentQueue<Exception> Failures => _failures;

    /// <summary>Waits for the next connection; each is given out once.</summary>
    public Task<RawConnection> AcceptedAsync() => _accepted.Reader.ReadAsync().AsTask().Within(what: $"a connection to {Address}");

    /// <summary>Stops listening; the connections live on.</summary>
    public void StopListening() => _listener.Dispose();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            // Tests end a server in the middle to see what becomes of its clients.
            return;
        }

        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.Within();
        foreach (var (connection, task) in _running)
        {
            connection.Reset();
            await task.Within();
        }

        if (EndPoint is UnixDomainSocketEndPoint unix)
        {
            System.IO.File.Delete(unix.ToString());
        }

        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception ex) when (ex is OperationCanceledException or ObjectDisposedException
                or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.InvalidArgument })
            {
                return;
            }
            catch (SocketException)
            {
                // The client left before it was accepted.
                continue;
            }

            Interlocked.Increment(ref _acceptedCount);
            var connection = new RawConnection(socket);
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _running[connection] = HandleAsync(connection, start.Task);
            _accepted.Writer.TryWrite(connection);
            start.SetResult();
        }
    }

    private async Task HandleAsync(RawConnection connection, Task start)
    {
        await start;
        try
        {
            await _handler(connection, _stop.Token);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException or OperationCanceledException or System.IO.EndOfStreamException)
        {
            // The connection ended in the middle of the handler: what the other end saw is what the test looks at.
        }
        catch (Exception ex)
        {
            _failures.Enqueue(ex);
        }
        finally
        {
            connection.Dispose();
            _running.TryRemove(connection, out _);
        }
    }
}
