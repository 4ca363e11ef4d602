using System;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>A parent proxy: SOCKS 5 or HTTP CONNECT, over TLS where it has options for it. Every name it is asked for is 127.0.0.1.</summary>
public sealed class ParentServer : TestServerSocket
{
    private readonly ConcurrentQueue<string> _requests;

    private ParentServer(ConcurrentQueue<string> requests, string scheme, SslServerAuthenticationOptions? tls)
        : base((connection, token) => ServeAsync(connection, requests, scheme.StartsWith("socks5", StringComparison.Ordinal), tls, token))
    {
        _requests = requests;
        Scheme = scheme;
    }

    public string Scheme { get; }

    /// <summary>What it was asked for, in order.</summary>
    public string[] Requests => [.. _requests];

    /// <summary>Its address as a destination has it: <c>socks5://127.0.0.1:40001</c>.</summary>
    public string ParentAddress => $"{Scheme}://127.0.0.1:{Port}";

    public static ParentServer Start(string scheme, SslServerAuthenticationOptions? tls = null) => new(new(), scheme, tls);

    private static async Task ServeAsync(
        RawConnection connection, ConcurrentQueue<string> requests, bool isSocks, SslServerAuthenticationOptions? tls, CancellationToken cancellationToken)
    {
        await using var network = new NetworkStream(connection.Socket);
        Stream stream = network;
        if (tls is not null)
        {
            var ssl = new SslStream(network);
            stream = ssl;
            await ssl.AuthenticateAsServerAsync(tls, cancellationToken);
        }

        await using var owned = stream;
        var port = isSocks ? await ReadSocksAsync(stream, requests, cancellationToken) : await ReadConnectAsync(stream, requests, cancellationToken);
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await target.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        }
        catch (SocketException)
        {
            await stream.WriteAsync(isSocks ? new byte[] { 5, 5, 0, 1, 0, 0, 0, 0, 0, 0 } : Encoding.ASCII.GetBytes("HTTP/1.1 502 Refused\r\nContent-Length: 0\r\n\r\n"), cancellationToken);
            return;
        }

        await stream.WriteAsync(isSocks ? new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 } : Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n"), cancellationToken);
        await using var onward = new NetworkStream(target);
        await Task.WhenAll(
            PumpAsync(stream, onward, () => new ValueTask(Task.Run(() => target.Shutdown(SocketShutdown.Send), cancellationToken)), cancellationToken),
            PumpAsync(onward, stream, async () =>
            {
                if (stream is SslStream ssl)
                {
                    await ssl.ShutdownAsync();
                }

                connection.HalfClose();
            }, cancellationToken));
    }

    private static async Task PumpAsync(Stream from, Stream to, Func<ValueTask> end, CancellationToken cancellationToken)
    {
        await from.CopyToAsync(to, cancellationToken);
        await end();
    }

    private static async Task<int> ReadSocksAsync(Stream stream, ConcurrentQueue<string> requests, CancellationToken cancellationToken)
    {
        var methods = await ReadAsync(stream, (await ReadAsync(stream, 2, cancellationToken))[1], cancellationToken);
        if (methods.AsSpan().Contains((byte)2))
        {
            await stream.WriteAsync(new byte[] { 5, 2 }, cancellationToken);
            var user = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 2, cancellationToken))[1], cancellationToken));
            var password = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1, cancellationToken))[0], cancellationToken));
            requests.Enqueue($"{user}:{password}");
            await stream.WriteAsync(new byte[] { 1, 0 }, cancellationToken);
        }
        else
        {
            await stream.WriteAsync(new byte[] { 5, 0 }, cancellationToken);
        }

        var type = (await ReadAsync(stream, 4, cancellationToken))[3];
        var host = type switch
        {
            3 => Encoding.ASCII.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1, cancellationToken))[0], cancellationToken)),
            var other => new IPAddress(await ReadAsync(stream, other == 1 ? 4 : 16, cancellationToken)).ToString(),
        };
        var port = BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(stream, 2, cancellationToken));
        requests.Enqueue($"{host}:{port}");
        return port;
    }

    private static async Task<int> ReadConnectAsync(Stream stream, ConcurrentQueue<string> requests, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReadAsync(stream, 1, cancellationToken))[0]);
        }

        var authority = head.ToString().Split(' ')[1];
        requests.Enqueue(authority);
        return int.Parse(authority[(authority.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }
}
