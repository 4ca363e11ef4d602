using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay;
using WmProxy.Relay.Portable;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Portable;

public sealed class DirectPumpTests
{
    private const int FullRead = 64 * 1024;

    /// <summary>A bulk transfer's small read that the receiver takes only in part: its rest lies in the pipe, ahead of whatever is read next.</summary>
    [Fact]
    public async Task Move_SmallReadStaysInThePipe_GoesOutBeforeWhatFollows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The direct calls are Linux's.");
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var source = await SocketPair.ConnectAsync();
        using var target = await SocketPair.ConnectAsync();
        using var from = new SocketTransportStream(source.Near);
        using var to = new SocketTransportStream(target.Near);
        using var pump = new DirectPump(new RelaySession(from, to), RelayDirection.Up, source.Near, target.Near);
        var sent = TestData.Create((3 * FullRead) + 6000 + 5000);
        var received = new byte[sent.Length];

        // Three full reads: from now on it splices.
        for (var read = 0; read < 3; read++)
        {
            await source.SendAsync(sent.AsMemory(read * FullRead, FullRead));
            Assert.Equal(PumpStatus.NeedsRead, pump.Move());
            await target.ReceiveExactlyAsync(received.AsMemory(read * FullRead, FullRead));
        }

        var filler = target.Fill();
        await source.SendAsync(sent.AsMemory(3 * FullRead, 6000));
        Assert.Equal(PumpStatus.NeedsWrite, pump.Move());
        await source.SendAsync(sent.AsMemory((3 * FullRead) + 6000));
        source.Far.Shutdown(SocketShutdown.Send);

        var rest = target.ReceiveExactlyAsync(new byte[filler]);
        await pump.SendUnsentAsync();
        await rest;
        var last = target.ReceiveExactlyAsync(received.AsMemory(3 * FullRead));
        PumpStatus end;
        while ((end = pump.Move()) is PumpStatus.Yield or PumpStatus.NeedsWrite)
        {
            if (end == PumpStatus.NeedsWrite)
            {
                await pump.SendUnsentAsync();
            }
        }

        await last;
        Assert.Equal(sent, received);
    }

    /// <summary>Two connected sockets, of which the pump has the near one.</summary>
    private sealed class SocketPair : IDisposable
    {
        private SocketPair(Socket near, Socket far) => (Near, Far) = (near, far);

        public Socket Near { get; }

        public Socket Far { get; }

        public static async Task<SocketPair> ConnectAsync()
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await far.ConnectAsync(listener.LocalEndPoint!);
            return new SocketPair(await listener.AcceptAsync(), far);
        }

        /// <summary>Sends towards the near socket and waits until all of it is there to be read at once.</summary>
        public async Task SendAsync(ReadOnlyMemory<byte> data)
        {
            var before = Near.Available;
            Assert.Equal(data.Length, await Far.SendAsync(data));
            await Deadline.PollAsync(() => Task.FromResult(Near.Available == before + data.Length));
        }

        /// <summary>Sends from the near socket until nothing more fits.</summary>
        public int Fill()
        {
            Near.Blocking = false;
            var total = 0;
            var full = 0;
            while (full < 3)
            {
                var count = Near.Send(new byte[1024], SocketFlags.None, out var error);
                (total, full) = error == SocketError.WouldBlock ? (total, full + 1) : (total + count, 0);
            }

            return total;
        }

        public async Task ReceiveExactlyAsync(Memory<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                var count = await Far.ReceiveAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
                Assert.True(count > 0, "The connection ended too early.");
                buffer = buffer[count..];
            }
        }

        public void Dispose()
        {
            Near.Dispose();
            Far.Dispose();
        }
    }
}
