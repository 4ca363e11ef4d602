using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Diagnostics;
using WmProxy.Listeners;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Listeners;

public sealed class BoundListenerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
    private readonly ConnectionTable _connections;
    private readonly ListenerContext _context;

    public BoundListenerTests()
    {
        _connections = new ConnectionTable(_time, NullLogger<ConnectionTable>.Instance);
        var recorder = new ConnectionRecorder(_services.GetRequiredService<IMeterFactory>(), NullLoggerFactory.Instance, _time);
        _context = new ListenerContext(_connections, recorder, _time, NullLogger<ListenerHost>.Instance);
    }

    public void Dispose()
    {
        _connections.Dispose();
        _services.Dispose();
    }

    [Theory]
    [InlineData(SocketError.TooManyOpenSockets, true)]
    [InlineData(SocketError.NoBufferSpaceAvailable, true)]
    [InlineData(SocketError.ConnectionAborted, false)]
    public async Task AcceptLoop_AcceptFails_GoesOnAfterwards(SocketError error, bool pauses)
    {
        var errors = new Queue<SocketError>([error, error, error]);
        var listener = BoundListener.Open(_context, Model(), socket =>
            errors.TryDequeue(out var next) ? ValueTask.FromException<Socket>(new SocketException((int)next)) : new ValueTask<Socket>(socket.AcceptAsync()));
        listener.Start();
        using var client = await RawClient.ConnectAsync(listener.Port);

        if (pauses)
        {
            // It waits instead of spinning: one attempt for each pause.
            Assert.Equal(2, errors.Count);
            await Deadline.PollAsync(() =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(errors.Count == 0);
            });
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await _accepted.Reader.ReadAsync().AsTask().Within();
        listener.Close();
    }

    [Fact]
    public async Task AcceptLoop_ListenerClosedMeanwhile_RefusesWhatItGot()
    {
        var held = new TaskCompletionSource();
        var listener = BoundListener.Open(_context, Model(), async socket =>
        {
            var accepted = await socket.AcceptAsync();
            await held.Task;
            return accepted;
        });
        listener.Start();
        using var client = await RawClient.ConnectAsync(listener.Port);

        listener.Close();
        held.SetResult();

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        await Deadline.PollAsync(() => Task.FromResult(_connections.Count == 0));
    }

    [Fact]
    public async Task Reopen_AfterClose_HasTheSamePortAgain()
    {
        var listener = BoundListener.Open(_context, Model());
        listener.Start();
        var port = listener.Port;
        listener.Close();
        Assert.False(listener.IsOpen);
        Assert.Equal($"tcp://127.0.0.1:{port}", Assert.Single(listener.Describe()).Address);
        Assert.True(await RawClient.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, port)));

        listener.Reopen();

        Assert.True(listener.IsOpen);
        Assert.Equal(port, listener.Port);
        using var client = await RawClient.ConnectAsync(port);
        await _accepted.Reader.ReadAsync().AsTask().Within();
        listener.Close();
    }

    private StreamListenerModel Model() => new()
    {
        Key = "k",
        ConfigPath = "p",
        Address = new ListenAddress { Scheme = ListenScheme.Tcp, Host = "127.0.0.1" },
        StreamIds = ["s"],
        Pipeline = async connection =>
        {
            _accepted.Writer.TryWrite(connection);
            _ = await ((TransportConnectionContext)connection).Stream.ReadAsync(new byte[1]);
        },
    };
}
