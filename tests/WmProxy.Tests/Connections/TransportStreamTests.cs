using System;
using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections;

public sealed class TransportStreamTests
{
    [Fact]
    public async Task FillBufferAsync_Canceled_NextReadIsNoEnd()
    {
        var (outer, stream) = await ConnectAsync();
        using var client = outer;
        await using var disposable = stream;
        using var cancel = new CancellationTokenSource();
        var filling = stream.FillBufferAsync(1024, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => filling).Within();

        await client.SendAsync("hello");

        var buffer = new byte[5];
        await stream.ReadExactlyAsync(buffer).AsTask().Within();
        Assert.Equal("hello"u8.ToArray(), buffer);
    }

    [Fact]
    public async Task Buffered_FilledInPieces_IsReadFirstAndInOrder()
    {
        var (outer, stream) = await ConnectAsync();
        using var client = outer;
        await using var disposable = stream;
        await client.SendAsync("abc");
        while (stream.Buffered.Length < 3)
        {
            Assert.True(await stream.FillBufferAsync(1024, CancellationToken.None) > 0);
        }

        stream.Consume(1);
        await client.SendAsync("def");
        while (stream.Buffered.Length < 5)
        {
            Assert.True(await stream.FillBufferAsync(4096, CancellationToken.None) > 0);
        }

        Assert.Equal("bcdef"u8.ToArray(), stream.Buffered.ToArray());
        await client.SendAsync("g");
        var buffer = new byte[6];
        await stream.ReadExactlyAsync(buffer).AsTask().Within();
        Assert.Equal("bcdefg"u8.ToArray(), buffer);
    }

    [Fact]
    public async Task AcknowledgedWhilePending_PeerIsSlow_GrowsWithWhatItTakesAndEndsWithTheRest()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux tells what was acknowledged.");
        }

        const int Length = 1024 * 1024;
        var (outer, stream) = await ConnectAsync(receiveBuffer: 8 * 1024);
        using var client = outer;
        await using var disposable = stream;
        Assert.Null(stream.AcknowledgedWhilePending);

        await stream.WriteAsync(new byte[Length]).AsTask().Within();
        await Deadline.PollAsync(() => Task.FromResult(stream.AcknowledgedWhilePending > 0));
        var before = stream.AcknowledgedWhilePending;
        await client.ReadExactlyAsync(Length / 2);
        await Deadline.PollAsync(() => Task.FromResult(stream.AcknowledgedWhilePending > before));

        await client.ReadExactlyAsync(Length / 2);
        await Deadline.PollAsync(() => Task.FromResult(stream.AcknowledgedWhilePending is null));
    }

    /// <summary>The system may still write into the buffer of a read that runs: nobody else may have it before that is over.</summary>
    [Fact]
    public async Task Dispose_WhileTheBufferIsFilled_KeepsItUntilTheReadIsOver()
    {
        var read = new TaskCompletionSource<int>();
        var stream = new ChunkedTransportStream([], _ => new ValueTask<int>(read.Task));
        var filling = stream.FillBufferAsync(4096, CancellationToken.None).AsTask();
        stream.Dispose();
        var rented = ArrayPool<byte>.Shared.Rent(4096);
        Assert.False(stream.LastBuffer.Span.Overlaps(rented));

        read.SetException(new ObjectDisposedException("socket"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => filling.Within());
        Assert.True(stream.Buffered.IsEmpty);
    }

    private static async Task<(RawConnection Outer, SocketTransportStream Stream)> ConnectAsync(int? receiveBuffer = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var outer = await RawClient.ConnectAsync(listener.LocalEndPoint!, receiveBuffer);
        return (outer, new SocketTransportStream(await listener.AcceptAsync()));
    }
}
