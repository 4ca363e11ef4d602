using System;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Socks;

namespace WmProxy.Connectors;

/// <summary>
/// The client's side of SOCKS 5 (RFC 1928, RFC 1929), message by message, each only after the answer to the one before: what a server does with more
/// than it asked for is not defined. Time limits are the caller's.
/// </summary>
internal static class Socks5Handshake
{
    private const string Malformed = "it does not speak SOCKS 5";

    private delegate SocksParseStatus Parser<T>(ReadOnlySpan<byte> bytes, out T value, out int length);

    /// <summary>Greets, and shows <paramref name="credentials"/> where the server wants them.</summary>
    /// <returns>Why the server does not take us; <see langword="null"/> when it does.</returns>
    public static async ValueTask<ParentRefusal?> AuthenticateAsync(TransportStream stream, ParentCredentials? credentials, CancellationToken cancellationToken)
    {
        var message = new byte[Socks5Credentials.MaxLength];
        await stream.WriteAsync(message.AsMemory(0, Socks5Greeting.Write(message, hasPassword: credentials is not null)), cancellationToken);
        var (method, refusal) = await ReadAsync<Socks5Method>(stream, ParseSelection, cancellationToken);
        if (refusal is not null || method == Socks5Method.None)
        {
            return refusal;
        }

        if (method == Socks5Method.NoAcceptable)
        {
            return new ParentRefusal(credentials is null ? "it asks for authentication, and its address has no user name and password" : "it takes no user name and password");
        }

        if (method != Socks5Method.Password || credentials is null)
        {
            return new ParentRefusal($"it chose the authentication method {(byte)method:X2}, which was not offered");
        }

        var length = Socks5Credentials.Write(message, Encoding.UTF8.GetBytes(credentials.User), Encoding.UTF8.GetBytes(credentials.Password));
        await stream.WriteAsync(message.AsMemory(0, length), cancellationToken);
        (var isAccepted, refusal) = await ReadAsync<bool>(stream, ParseStatus, cancellationToken);
        return refusal ?? (isAccepted ? null : new ParentRefusal("it refuses the user name and password of its address"));
    }

    /// <summary>Sends a request, and reads the reply to it, whatever it says.</summary>
    public static async ValueTask<(Socks5Response Response, ParentRefusal? Refusal)> RequestAsync(
        TransportStream stream, Socks5Request request, CancellationToken cancellationToken)
    {
        var message = new byte[Socks5Request.MaxLength];
        await stream.WriteAsync(message.AsMemory(0, request.Write(message)), cancellationToken);
        return await ReadAsync<Socks5Response>(stream, Socks5Response.TryParse, cancellationToken);
    }

    private static async ValueTask<(T? Value, ParentRefusal? Refusal)> ReadAsync<T>(TransportStream stream, Parser<T> parse, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (parse(stream.Buffered.Span, out var value, out var length))
            {
                case SocksParseStatus.Parsed:
                    stream.Consume(length);
                    return (value, null);
                case SocksParseStatus.Malformed:
                    return (default, new ParentRefusal(Malformed));
            }

            // Whatever came too early is bounded with it: no message is longer.
            if (await stream.FillBufferAsync(Socks5Protocol.BufferSize, cancellationToken) == 0)
            {
                return (default, new ParentRefusal("it closed the connection before its answer was complete"));
            }
        }
    }

    private static SocksParseStatus ParseSelection(ReadOnlySpan<byte> bytes, out Socks5Method method, out int length)
    {
        length = Socks5Greeting.SelectionLength;
        return Socks5Greeting.TryParseSelection(bytes, out method);
    }

    private static SocksParseStatus ParseStatus(ReadOnlySpan<byte> bytes, out bool isAccepted, out int length)
    {
        length = Socks5Credentials.StatusLength;
        return Socks5Credentials.TryParseStatus(bytes, out isAccepted);
    }
}
