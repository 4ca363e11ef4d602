using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

[SupportedOSPlatform("linux")]
public sealed class LinuxSocketStreamTests : IDisposable
{
    private const int Large = 8 * 1024 * 1024;

    private readonly TestLoop _loop = new();

    public static TheoryData<AddressFamily> Families => [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix];

    public static MatrixTheoryData<AddressFamily, bool> FamiliesAndThreads =>
        new([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix], [true, false]);

    public void Dispose() => _loop.Dispose();

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task ReadAsync_NothingThereYet_GivesWhatComesAndStaysOnTheLoop(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        var reading = StartAsync(isOnLoop, async () =>
        {
            var buffer = new byte[100];
            var count = await connection.Stream.ReadAsync(buffer);
            Assert.True(_loop.Loop.IsCurrent || !isOnLoop);
            return buffer[..count];
        });
        await WaitUntilReadIsPendingAsync(connection);

        await connection.Peer.SendAsync("hello");

        Assert.Equal("hello"u8.ToArray(), await reading);
    }

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task ReadAsync_SomethingThere_GivesItAndThenTheEndAgainAndAgain(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        await connection.Peer.SendAsync("hello");
        connection.Peer.HalfClose();

        await StartAsync(isOnLoop, async () =>
        {
            var buffer = new byte[3];
            Assert.Equal(3, await connection.Stream.ReadAsync(buffer));
            Assert.Equal("hel"u8.ToArray(), buffer);
            Assert.Equal(2, await connection.Stream.ReadAsync(buffer));
            Assert.Equal("lol"u8.ToArray(), buffer);
            Assert.Equal(0, await connection.Stream.ReadAsync(buffer));
            Assert.Equal(0, await connection.Stream.ReadAsync(buffer));
            return true;
        });
    }

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task ReadAsync_EmptyBuffer_WaitsUntilThereIsSomethingAndTakesNothing(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        var waiting = StartAsync(isOnLoop, () => connection.Stream.ReadAsync(Memory<byte>.Empty).AsTask());
        await WaitUntilReadIsPendingAsync(connection);
        await connection.Peer.SendAsync("hello");
        Assert.Equal(0, await waiting);

        // Still there: it does not wait.
        Assert.Equal(0, await StartAsync(isOnLoop, () => connection.Stream.ReadAsync(Memory<byte>.Empty).AsTask()));
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(connection, 5));

        waiting = StartAsync(isOnLoop, () => connection.Stream.ReadAsync(Memory<byte>.Empty).AsTask());
        await WaitUntilReadIsPendingAsync(connection);
        connection.Peer.HalfClose();
        Assert.Equal(0, await waiting);
        Assert.Equal(0, await _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));
    }

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task FillBufferAsync_InPieces_KeepsWhatIsNotConsumed(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        var filling = StartAsync(isOnLoop, () => connection.Stream.FillBufferAsync(1024, CancellationToken.None).AsTask());
        await WaitUntilReadIsPendingAsync(connection);
        await connection.Peer.SendAsync("abc");
        Assert.Equal(3, await filling);
        connection.Stream.Consume(1);

        filling = StartAsync(isOnLoop, () => connection.Stream.FillBufferAsync(1024, CancellationToken.None).AsTask());
        await WaitUntilReadIsPendingAsync(connection);
        await connection.Peer.SendAsync("de");
        Assert.Equal(2, await filling);

        Assert.Equal("bcde"u8.ToArray(), connection.Stream.Buffered.ToArray());
        Assert.Equal("bcde"u8.ToArray(), await ReadAsync(connection, 4));
    }

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task ReadAsync_Canceled_FailsAndTakesNothing(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        using var cancel = new CancellationTokenSource();
        var reading = StartAsync(isOnLoop, () => connection.Stream.ReadAsync(new byte[10], cancel.Token).AsTask());
        await WaitUntilReadIsPendingAsync(connection);

        await cancel.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(cancel.Token, canceled.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StartAsync(isOnLoop, () => connection.Stream.ReadAsync(new byte[10], cancel.Token).AsTask()));
        await connection.Peer.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(connection, 5));
    }

    /// <summary>A peer that takes its time: all of it arrives, though the system has room for a small part only, and both directions go on meanwhile.</summary>
    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task WriteAsync_MoreThanThereIsRoomFor_WaitsAndSendsAll(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family, receiveBuffer: 16 * 1024, sendBuffer: 16 * 1024);
        var data = TestData.Create(Large);
        var writing = StartAsync(isOnLoop, async () =>
        {
            await connection.Stream.WriteAsync(data);
            Assert.True(_loop.Loop.IsCurrent || !isOnLoop);

            // Whoever wrote may use the memory again.
            Array.Clear(data);
            await connection.Stream.WriteAsync(ReadOnlyMemory<byte>.Empty);
            await connection.Stream.CompleteWritesAsync(CancellationToken.None);
            return true;
        });
        await connection.Peer.SendAsync("still");
        Assert.Equal("still"u8.ToArray(), await ReadAsync(connection, 5));
        Assert.False(writing.IsCompleted);

        Assert.Equal(TransferResult.Complete(Large), await connection.Peer.DrainAsync());
        await writing;
    }

    [Fact]
    public async Task WriteAsync_Canceled_FailsAndTheConnectionGoesOn()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, receiveBuffer: 16 * 1024, sendBuffer: 16 * 1024);
        using var cancel = new CancellationTokenSource();
        var sent = TestData.Create(Large);
        var writing = _loop.RunAsync(() => connection.Stream.WriteAsync(sent, cancel.Token).AsTask());
        await connection.Peer.ReadExactlyAsync(1);

        await cancel.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.Equal(cancel.Token, canceled.CancellationToken);
        var last = _loop.RunAsync(async () =>
        {
            await connection.Stream.WriteAsync("!"u8.ToArray());
            await connection.Stream.DisposeAsync();
        });
        var rest = await connection.Peer.ReadToEndAsync();
        await last;
        Assert.Equal(ReadEnd.Fin, rest.End);
        Assert.Equal(sent[1..rest.Data.Length], rest.Data[..^1]);
        Assert.Equal((byte)'!', rest.Data[^1]);
    }

    [Theory]
    [MemberData(nameof(FamiliesAndThreads))]
    public async Task Dispose_AfterAWrite_ThePeerGetsItAndAnEnd(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        await StartAsync(isOnLoop, async () =>
        {
            await connection.Stream.WriteAsync("bye"u8.ToArray());
            await connection.Stream.DisposeAsync();
            return true;
        });

        var result = await connection.Peer.ReadToEndAsync();
        Assert.Equal((ReadEnd.Fin, "bye"), (result.End, result.Text));
        await AssertClosedAsync(connection);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, true)]
    [InlineData(AddressFamily.InterNetwork, false)]
    [InlineData(AddressFamily.InterNetworkV6, true)]
    [InlineData(AddressFamily.InterNetworkV6, false)]
    public async Task Abort_AnyTime_ThePeerSeesAReset(AddressFamily family, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        await StartAsync(isOnLoop, () =>
        {
            connection.Stream.Abort();
            connection.Stream.Abort();
            connection.Stream.Dispose();
            return Task.FromResult(true);
        });

        Assert.Equal(ReadEnd.Reset, (await connection.Peer.ReadToEndAsync()).End);
        await AssertClosedAsync(connection);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Close_WhileAReadAndAWriteWait_BothFail(bool isAbort, bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, receiveBuffer: 16 * 1024, sendBuffer: 16 * 1024);
        var reading = _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[10]).AsTask());
        var writing = _loop.RunAsync(() => connection.Stream.WriteAsync(new byte[Large]).AsTask());
        await connection.Peer.ReadExactlyAsync(1);

        await StartAsync(isOnLoop, () =>
        {
            if (isAbort)
            {
                connection.Stream.Abort();
            }
            else
            {
                connection.Stream.Dispose();
            }

            return Task.FromResult(true);
        });

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing);
        Assert.Equal(isAbort ? ReadEnd.Reset : ReadEnd.Fin, (await connection.Peer.ReadToEndAsync()).End);
        await AssertClosedAsync(connection);
    }

    [Fact]
    public async Task CompleteWritesAsync_Twice_ThePeerSeesOneEndAndGoesOnSending()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await _loop.RunAsync(async () =>
        {
            await connection.Stream.WriteAsync("question"u8.ToArray());
            await connection.Stream.CompleteWritesAsync(CancellationToken.None);
            await connection.Stream.CompleteWritesAsync(CancellationToken.None);
        });
        var question = await connection.Peer.ReadToEndAsync();
        Assert.Equal((ReadEnd.Fin, "question"), (question.End, question.Text));

        await connection.Peer.SendAsync("answer");
        connection.Peer.HalfClose();
        Assert.Equal("answer"u8.ToArray(), await ReadAsync(connection, 6));
        Assert.Equal(0, await _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));
        await Assert.ThrowsAsync<SocketException>(() => _loop.RunAsync(() => connection.Stream.WriteAsync("!"u8.ToArray()).AsTask()));
    }

    [Fact]
    public async Task WriteAsync_BehindThePeersEnd_Arrives()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        connection.Peer.HalfClose();
        Assert.Equal(0, await _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));

        await _loop.RunAsync(async () =>
        {
            await connection.Stream.WriteAsync("answer"u8.ToArray());
            await connection.Stream.CompleteWritesAsync(CancellationToken.None);
        });

        var answer = await connection.Peer.ReadToEndAsync();
        Assert.Equal((ReadEnd.Fin, "answer"), (answer.End, answer.Text));
    }

    [Fact]
    public async Task IsResetBehindEnd_EndThenReset_TellsThemApart()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        connection.Peer.HalfClose();
        Assert.Equal(0, await _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));
        Assert.False(connection.Stream.IsResetBehindEnd);

        connection.Peer.Reset();
        await Deadline.PollAsync(() => Task.FromResult(connection.Stream.IsResetBehindEnd));
    }

    /// <summary>The kernel tells of a reset once: to whoever asks first, which is the write here. The read after it must not be taken for an end.</summary>
    [Fact]
    public async Task WriteAsync_PeerResetsMeanwhile_FailsAndTheReadAfterItIsTold()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, receiveBuffer: 16 * 1024, sendBuffer: 16 * 1024);
        var writing = _loop.RunAsync(() => connection.Stream.WriteAsync(new byte[Large]).AsTask());
        await connection.Peer.ReadExactlyAsync(1);

        connection.Peer.Reset();

        var failure = await Assert.ThrowsAsync<SocketException>(() => writing);
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        Assert.Equal(0, await _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));
        Assert.True(connection.Stream.IsResetBehindEnd);
    }

    [Fact]
    public async Task ReadAsync_PeerResets_GivesWhatCameBeforeAndFails()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await connection.Peer.SendAsync("half");
        var isThere = _loop.RunAsync(() => connection.Stream.ReadAsync(Memory<byte>.Empty).AsTask());
        await isThere;
        connection.Peer.Reset();

        Assert.Equal("half"u8.ToArray(), await ReadAsync(connection, 4));
        var failure = await Assert.ThrowsAsync<SocketException>(() => _loop.RunAsync(() => connection.Stream.ReadAsync(new byte[1]).AsTask()));
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
    }

    /// <summary>Urgent data stops a read in the middle of what is there, and nothing tells of the rest (tcp(7)).</summary>
    [Fact]
    public async Task ReadAsync_UrgentDataInBetween_GivesAllOfItInOrder()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await connection.Peer.SendAsync("before");
        Assert.Equal(3, await connection.Peer.Socket.SendAsync("URG"u8.ToArray(), SocketFlags.OutOfBand));
        await connection.Peer.SendAsync("behind");
        await Deadline.PollAsync(() => Task.FromResult(TcpQueue.IsDelivered(connection.Peer.Socket)));

        Assert.Equal("beforeURGbehind"u8.ToArray(), await ReadAsync(connection, 15));

        await connection.Peer.SendAsync("more");
        Assert.Equal("more"u8.ToArray(), await ReadAsync(connection, 4));
    }

    [Fact]
    public async Task AcknowledgedWhilePending_PeerIsSlow_GrowsWithWhatItTakesAndEndsWithTheRest()
    {
        const int Length = 1024 * 1024;
        using var connection = await LoopConnection.ConnectAsync(_loop, receiveBuffer: 8 * 1024);
        Assert.Null(connection.Stream.AcknowledgedWhilePending);

        await _loop.RunAsync(() => connection.Stream.WriteAsync(new byte[Length]).AsTask());
        await Deadline.PollAsync(() => Task.FromResult(connection.Stream.AcknowledgedWhilePending > 0));
        var before = connection.Stream.AcknowledgedWhilePending;
        await connection.Peer.ReadExactlyAsync(Length / 2);
        await Deadline.PollAsync(() => Task.FromResult(connection.Stream.AcknowledgedWhilePending > before));

        await connection.Peer.ReadExactlyAsync(Length / 2);
        await Deadline.PollAsync(() => Task.FromResult(connection.Stream.AcknowledgedWhilePending is null));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task GetLocalEndPoint_FromElsewhere_IsWhatThePeerDialledUntilItIsClosed(AddressFamily family)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop, family);
        Assert.Equal(connection.Peer.RemoteEndPoint as IPEndPoint, connection.Stream.GetLocalEndPoint());

        connection.Stream.Dispose();
        await AssertClosedAsync(connection);
        Assert.Null(connection.Stream.GetLocalEndPoint());
        Assert.Null(connection.Stream.AcknowledgedWhilePending);
        Assert.False(connection.Stream.IsResetBehindEnd);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Operations_AfterTheEnd_Fail(bool isOnLoop)
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await connection.Peer.SendAsync("there");
        connection.Stream.Abort();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => StartAsync(isOnLoop, () => connection.Stream.ReadAsync(new byte[1]).AsTask()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => StartAsync(isOnLoop, async () =>
        {
            await connection.Stream.WriteAsync(new byte[1]);
            return true;
        }));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => StartAsync(isOnLoop, async () =>
        {
            await connection.Stream.CompleteWritesAsync(CancellationToken.None);
            return true;
        }));
    }

    /// <summary>A reader for whom there is always something shares the thread with everybody else.</summary>
    [Fact]
    public async Task ReadAsync_AlwaysSomethingThere_LetsOthersHaveTheirTurn()
    {
        const int Reads = 1000;
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await connection.Peer.SendAsync(new byte[Reads]);
        await Deadline.PollAsync(() => Task.FromResult(TcpQueue.IsDelivered(connection.Peer.Socket)));
        var reads = 0;
        var readsBefore = -1;

        await _loop.RunAsync(async () =>
        {
            _loop.Post(() => readsBefore = reads);
            for (var buffer = new byte[1]; reads < Reads; reads++)
            {
                Assert.Equal(1, await connection.Stream.ReadAsync(buffer));
            }
        });

        Assert.InRange(readsBefore, 0, 64);
    }

    /// <summary>As it may close, or be closed, while its turn is due.</summary>
    [Fact]
    public async Task ReadAsync_ClosedWhileItsTurnIsDue_Fails()
    {
        using var connection = await LoopConnection.ConnectAsync(_loop);
        await connection.Peer.SendAsync(new byte[1000]);
        await Deadline.PollAsync(() => Task.FromResult(TcpQueue.IsDelivered(connection.Peer.Socket)));

        await _loop.RunAsync(async () =>
        {
            ValueTask<int> reading;
            while ((reading = connection.Stream.ReadAsync(new byte[1])).IsCompleted)
            {
                Assert.Equal(1, await reading);
            }

            connection.Stream.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reading);
        });
    }

    [Fact]
    public async Task Operations_OnTheLoop_AllocateNothing()
    {
        const int Messages = 2000;
        using var connection = await LoopConnection.ConnectAsync(_loop);
        using var cancel = new CancellationTokenSource();
        var echoing = EchoAsync(connection.Peer, Messages + 100);

        var allocated = await _loop.RunAsync(async () =>
        {
            var buffer = new byte[64];
            var before = 0L;
            for (var i = 0; i < Messages + 100; i++)
            {
                if (i == 100)
                {
                    before = GC.GetAllocatedBytesForCurrentThread();
                }

                await connection.Stream.WriteAsync(buffer, cancel.Token);
                for (var count = 0; count < buffer.Length;)
                {
                    count += await connection.Stream.ReadAsync(buffer.AsMemory(count), cancel.Token);
                }
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        await echoing;

        // What a registration with a token costs now and then is not an operation's.
        Assert.InRange(allocated, 0, Messages * 8);
    }

    [Fact]
    public async Task Loop_EndsWithConnectionsLeft_TheyAreResetAndWhoeverWaitsLearnsOfIt()
    {
        var loop = new TestLoop();
        using var connection = await LoopConnection.ConnectAsync(loop, receiveBuffer: 16 * 1024, sendBuffer: 16 * 1024);
        using var idle = await LoopConnection.ConnectAsync(loop);
        var reading = loop.RunAsync(() => connection.Stream.ReadAsync(new byte[10]).AsTask());
        var writing = loop.RunAsync(() => connection.Stream.WriteAsync(new byte[Large]).AsTask());
        await connection.Peer.ReadExactlyAsync(1);

        loop.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing);
        Assert.Equal(ReadEnd.Reset, (await connection.Peer.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await idle.Peer.ReadToEndAsync()).End);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => TestLoop.RunElsewhereAsync(() => idle.Stream.ReadAsync(new byte[1]).AsTask()));
        Assert.Empty(loop.Failures);
    }

    private static async Task EchoAsync(RawConnection peer, int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            await peer.SendAsync(await peer.ReadExactlyAsync(64));
        }
    }

    private Task<T> StartAsync<T>(bool isOnLoop, Func<Task<T>> work) => isOnLoop ? _loop.RunAsync(work) : TestLoop.RunElsewhereAsync(work);

    /// <summary>Reads exactly that much.</summary>
    private Task<byte[]> ReadAsync(LoopConnection connection, int count) => _loop.RunAsync(async () =>
    {
        var data = new byte[count];
        await connection.Stream.ReadExactlyAsync(data);
        return data;
    });

    // Nothing to read was found, so the stream is not readable any more: from then on a read waits.
    private Task WaitUntilReadIsPendingAsync(LoopConnection connection) => Deadline.PollAsync(() => _loop.RunAsync(() => !connection.Stream.IsReadable));

    private Task AssertClosedAsync(LoopConnection connection) => Deadline.PollAsync(() => _loop.RunAsync(() => connection.Stream.Descriptor == -1));
}
