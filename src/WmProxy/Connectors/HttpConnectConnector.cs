using System;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>
/// Has an HTTP proxy connect to the target by CONNECT (RFC 9110 section 9.3.6), <c>http+connect://</c> and <c>https+connect://</c>. Names are for the
/// proxy to look up.
/// </summary>
internal sealed class HttpConnectConnector : ParentConnector
{
    public HttpConnectConnector(IConnector tcp, IConnector tls)
        : base(tcp, tls, DestinationAddress.HttpConnectScheme, DestinationAddress.HttpsConnectScheme)
    {
    }

    // What does not belong into a name could end the line, or the request.
    protected override string? FindError(in ForwardTarget target) =>
        target.Host.Length is > 0 and <= byte.MaxValue && !target.Host.AsSpan().ContainsAnyExcept("-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
            ? null
            : "HTTP cannot carry this name";

    protected override async ValueTask<ParentRefusal?> AskAsync(TransportStream stream, ConnectRequest request, CancellationToken cancellationToken)
    {
        if (request.Target is not { } target)
        {
            return null;
        }

        request.Progress?.HasAsked = true;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(WriteHead(target, request.Address.Credentials)), cancellationToken);
        var (statusCode, error) = await ConnectResponseReader.ReadAsync(stream, cancellationToken);
        return error is null ? Describe(statusCode, target, request.Address.Credentials) : new ParentRefusal(error);
    }

    private static string WriteHead(ForwardTarget target, ParentCredentials? credentials)
    {
        // RFC 7617 section 2: user:password in UTF-8, as the parameter charset would ask for.
        var authorization = credentials is null
            ? ""
            : $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.User}:{credentials.Password}"))}\r\n";
        return $"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n";
    }

    private static ParentRefusal? Describe(int statusCode, ForwardTarget target, ParentCredentials? credentials)
    {
        if (statusCode is >= 200 and < 300)
        {
            return null;
        }

        var (words, fault, code) = statusCode switch
        {
            // Tinyproxy says 401 where it means 407.
            401 or 407 when credentials is null => ("it asks for authentication, and its address has no user name and password", ConnectFault.Destination, SocketError.Success),
            401 or 407 => ("it refuses the user name and password of its address", ConnectFault.Destination, SocketError.Success),
            403 => ("not allowed by its rules", ConnectFault.Target, SocketError.AccessDenied),
            502 => ("it cannot reach it", ConnectFault.Target, SocketError.HostUnreachable),
            504 => ("it gets no answer in time", ConnectFault.Target, SocketError.TimedOut),
            101 or 405 or 501 => ("it does not support CONNECT", ConnectFault.Destination, SocketError.Success),

            // Proxies say many things of a target that they do not reach (Squid: 503), and of themselves.
            _ => ("refused", ConnectFault.Unknown, SocketError.Success),
        };
        return new ParentRefusal($"no connection to {target}: {words} (status {statusCode})", fault, code);
    }
}
