using System;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections.Tls;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections.Tls;

public sealed class TlsTransportStreamTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly TlsServerModel _model;

    public TlsTransportStreamTests() =>
        _model = TlsTestPair.CreateModel(_certificates, new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });

    public static TheoryData<SslProtocols> Versions => [SslProtocols.Tls12, SslProtocols.Tls13];

    public void Dispose() => _certificates.Dispose();

    [Theory, MemberData(nameof(Versions))]
    public async Task Transfer_TenMegabytesEachWayAtOnce_ArriveUnchanged(SslProtocols version)
    {
        using var pair = await EstablishAsync(version);
        var (up, down) = (RandomNumberGenerator.GetBytes(10 << 20), RandomNumberGenerator.GetBytes(10 << 20));
        var sends = new[] { SendUpAsync(), SendDownAsync() };
        var received = await Task.WhenAll(ReadToEndAsync(pair.ServerTls!), ReadToEndAsync(pair.ClientTls!)).WaitAsync(TlsTestPair.Limit);
        await Task.WhenAll(sends).WaitAsync(TlsTestPair.Limit);
        Assert.True(up.AsSpan().SequenceEqual(received[0]));
        Assert.True(down.AsSpan().SequenceEqual(received[1]));

        async Task SendUpAsync()
        {
            await pair.ClientTls!.WriteAsync(up);
            await pair.ClientTls!.ShutdownAsync();
        }

        async Task SendDownAsync()
        {
            await pair.ServerTls!.WriteAsync(down);
            await pair.ServerTls!.CompleteWritesAsync(default);
        }
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task CompleteWritesAsync_WhileTheClientSends_EndsOneDirectionOnly(SslProtocols version)
    {
        using var pair = await EstablishAsync(version);
        await pair.ServerTls!.WriteAsync("bye"u8.ToArray());
        await pair.ServerTls.CompleteWritesAsync(default);
        Assert.Equal("bye"u8.ToArray(), await ReadToEndAsync(pair.ClientTls!).WaitAsync(TlsTestPair.Limit));
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1]).WaitAsync(TlsTestPair.Limit)); // FIN, after close_notify

        await pair.ClientTls!.WriteAsync("still here"u8.ToArray());
        await pair.ClientTls.ShutdownAsync();
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("still here"u8.ToArray(), await ReadToEndAsync(pair.ServerTls).WaitAsync(TlsTestPair.Limit));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task ReadAsync_AfterTheClientsCloseNotify_EndsAndWritingGoesOn(SslProtocols version)
    {
        using var pair = await EstablishAsync(version);
        await pair.ClientTls!.WriteAsync("question"u8.ToArray());
        await pair.ClientTls.ShutdownAsync();
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("question"u8.ToArray(), await ReadToEndAsync(pair.ServerTls!).WaitAsync(TlsTestPair.Limit));
        Assert.Equal(0, await pair.ServerTls!.ReadAsync(new byte[1]).AsTask().WaitAsync(TlsTestPair.Limit));

        var answer = RandomNumberGenerator.GetBytes(1 << 20);
        var sending = SendAsync();
        var answered = await ReadToEndAsync(pair.ClientTls).WaitAsync(TlsTestPair.Limit);
        Assert.True(answer.AsSpan().SequenceEqual(answered));
        await sending.WaitAsync(TlsTestPair.Limit);

        async Task SendAsync()
        {
            await pair.ServerTls!.WriteAsync(answer);
            await pair.ServerTls.CompleteWritesAsync(default);
        }
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task ReadAsync_EndWithoutCloseNotify_IsATruncation(SslProtocols version)
    {
        using var pair = await EstablishAsync(version);
        await pair.ClientTls!.WriteAsync("half a fi"u8.ToArray());
        pair.Client.Shutdown(SocketShutdown.Send);
        var buffer = new byte[9];
        await pair.ServerTls!.ReadExactlyAsync(buffer).AsTask().WaitAsync(TlsTestPair.Limit);
        Assert.Equal("half a fi"u8.ToArray(), buffer);

        // An empty read only says that there is something to learn.
        Assert.Equal(0, await pair.ServerTls.ReadAsync(Memory<byte>.Empty).AsTask().WaitAsync(TlsTestPair.Limit));
        await Assert.ThrowsAsync<TlsTruncatedException>(() => pair.ServerTls.ReadAsync(buffer).AsTask().WaitAsync(TlsTestPair.Limit));
        await Assert.ThrowsAsync<TlsTruncatedException>(() => pair.ServerTls.ReadAsync(buffer).AsTask().WaitAsync(TlsTestPair.Limit));
    }

    [Fact]
    public async Task ReadAsync_Empty_WaitsForApplicationData()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        var ready = pair.ServerTls!.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(ready.IsCompleted);
        await pair.ClientTls!.WriteAsync("x"u8.ToArray());
        Assert.Equal(0, await ready.WaitAsync(TlsTestPair.Limit));
        var reading = pair.ServerTls.ReadAsync(new byte[8]);
        Assert.True(reading.IsCompletedSuccessfully);
        Assert.Equal(1, await reading);
    }

    [Fact]
    public async Task FillBufferAsync_DecryptedBytes_AreReadAgain()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        await pair.ClientTls!.WriteAsync("hello"u8.ToArray());
        Assert.Equal(5, await pair.ServerTls!.FillBufferAsync(16, default).AsTask().WaitAsync(TlsTestPair.Limit));
        Assert.Equal("hello"u8.ToArray(), pair.ServerTls.Buffered.ToArray());
        var buffer = new byte[16];
        Assert.Equal(5, await pair.ServerTls.ReadAsync(buffer));
        Assert.Equal("hello"u8.ToArray(), buffer[..5]);
    }

    [Fact]
    public async Task CompleteWritesAsync_WhileAReadDecrypts_LosesNothing()
    {
        // SslStream itself lets the two race.
        for (var i = 0; i < 20; i++)
        {
            using var pair = await EstablishAsync(i % 2 == 0 ? SslProtocols.Tls12 : SslProtocols.Tls13);
            var data = RandomNumberGenerator.GetBytes(1 << 20);
            var receiving = ReadToEndAsync(pair.ServerTls!);
            var sending = SendAsync();
            await pair.ServerTls!.CompleteWritesAsync(default).AsTask().WaitAsync(TlsTestPair.Limit);
            await sending.WaitAsync(TlsTestPair.Limit);
            var received = await receiving.WaitAsync(TlsTestPair.Limit);
            Assert.True(data.AsSpan().SequenceEqual(received));

            async Task SendAsync()
            {
                foreach (var chunk in data.Chunk(8192))
                {
                    await pair.ClientTls!.WriteAsync(chunk);
                }

                await pair.ClientTls!.ShutdownAsync();
            }
        }
    }

    [Fact]
    public async Task CompleteWritesAsync_Twice_IsOnce()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        await pair.ServerTls!.CompleteWritesAsync(default);
        await pair.ServerTls.CompleteWritesAsync(default);
        Assert.Empty(await ReadToEndAsync(pair.ClientTls!).WaitAsync(TlsTestPair.Limit));
        await Assert.ThrowsAnyAsync<IOException>(() => pair.ServerTls.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task Abort_WhileBothEndsRead_FailsBoth()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        var server = pair.ServerTls!.ReadAsync(new byte[1]).AsTask();
        var client = pair.ClientTls!.ReadAsync(new byte[1]).AsTask();
        pair.ServerTls.Abort();
        pair.ServerTls.Abort();
        await Assert.ThrowsAnyAsync<IOException>(() => server.WaitAsync(TlsTestPair.Limit));
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => client.WaitAsync(TlsTestPair.Limit));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.GetBaseException()).SocketErrorCode);
        await Assert.ThrowsAnyAsync<IOException>(() => pair.ServerTls.WriteAsync(new byte[1]).AsTask().WaitAsync(TlsTestPair.Limit));
    }

    [Fact]
    public async Task ReadAsync_ClientResets_IsAnIOException()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        var reading = pair.ServerTls!.ReadAsync(new byte[1]).AsTask();
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Close();
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => reading.WaitAsync(TlsTestPair.Limit));
        Assert.IsNotType<TlsTruncatedException>(failure);
    }

    [Fact]
    public async Task ReadAsync_Cancelled_Throws()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        using var cancellation = new CancellationTokenSource();
        var reading = pair.ServerTls!.ReadAsync(new byte[1], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TlsTestPair.Limit));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task FillBufferAsync_CancelledInTheMiddleOfARecord_IsTakenUpAgain(SslProtocols version)
    {
        HalvingStream? network = null;
        using var pair = await TlsTestPair.EstablishAsync(_model, o => o.EnabledSslProtocols = version, client => network = new HalvingStream(client));
        var data = RandomNumberGenerator.GetBytes(1000);
        await pair.ServerTls!.WriteAsync(new byte[1]);
        await pair.ClientTls!.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(TlsTestPair.Limit);
        for (var i = 0; i < 5; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var filling = pair.ServerTls.FillBufferAsync(4096, cancellation.Token).AsTask();
            network!.Halve();
            var writing = pair.ClientTls.WriteAsync(data).AsTask();
            await network.FirstHalf.WaitAsync(TlsTestPair.Limit);
            await Deadline.PollAsync(() => Task.FromResult(pair.Server.RawSocket.Available == 0));
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => filling.WaitAsync(TlsTestPair.Limit));
            network.SendTheRest();
            await writing.WaitAsync(TlsTestPair.Limit);

            var received = new byte[data.Length];
            await pair.ServerTls.ReadExactlyAsync(received).AsTask().WaitAsync(TlsTestPair.Limit);

            Assert.True(data.AsSpan().SequenceEqual(received));
        }
    }

    [Fact]
    public async Task RawSocket_IsNull_AsTheBytesAreNotTheSockets()
    {
        using var pair = await EstablishAsync(SslProtocols.Tls13);
        Assert.Null(pair.ServerTls!.RawSocket);
    }

    private Task<TlsTestPair> EstablishAsync(SslProtocols version) =>
        TlsTestPair.EstablishAsync(_model, o => o.EnabledSslProtocols = version);

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var received = new MemoryStream();
        await stream.CopyToAsync(received);
        return received.ToArray();
    }

    /// <summary>Sends what it is told to in two halves.</summary>
    private sealed class HalvingStream : NetworkStream
    {
        private TaskCompletionSource? _first;
        private TaskCompletionSource? _rest;

        public HalvingStream(Socket socket)
            : base(socket)
        {
        }

        public Task FirstHalf => _first!.Task;

        public void Halve() => (_first, _rest) = (new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously));

        public void SendTheRest() => _rest!.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest is { } rest)
            {
                await base.WriteAsync(buffer[..(buffer.Length / 2)], cancellationToken);
                _first!.SetResult();
                await rest.Task;
                _rest = null;
                buffer = buffer[(buffer.Length / 2)..];
            }

            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
