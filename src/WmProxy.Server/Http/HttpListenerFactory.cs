using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace WmProxy.Server.Http;

/// <summary>
/// Kestrel's socket transport with an accept loop of our own: Kestrel's tries again at once whatever the error, which at the limit of open files takes
/// a whole processor, and soon the process.
/// </summary>
internal sealed class HttpListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILoggerFactory _loggers;

    public HttpListenerFactory(IOptions<SocketTransportOptions> options, TimeProvider timeProvider, ILoggerFactory loggers)
    {
        _options = options.Value;
        _timeProvider = timeProvider;
        _loggers = loggers;
    }

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = _options.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            // What Kestrel expects of a transport.
            throw new AddressInUseException(exception.Message, exception);
        }

        try
        {
            socket.Listen(_options.Backlog);
            var options = new SocketConnectionFactoryOptions
            {
                IOQueueCount = _options.IOQueueCount,
                MaxReadBufferSize = _options.MaxReadBufferSize,
                MaxWriteBufferSize = _options.MaxWriteBufferSize,
                UnsafePreferInlineScheduling = _options.UnsafePreferInlineScheduling,
                WaitForDataBeforeAllocatingBuffer = _options.WaitForDataBeforeAllocatingBuffer,
            };
            var connections = new SocketConnectionContextFactory(options, _loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
            return new(new HttpListener(socket, connections, _options.NoDelay, _timeProvider, _loggers.CreateLogger<HttpListener>()));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
