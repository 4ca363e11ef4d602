namespace WmProxy.Configuration.Reading;

/// <summary>An address where Kestrel listens.</summary>
/// <param name="Path">The key path, as <c>Kestrel:Endpoints:Http:Url</c>.</param>
/// <param name="Url">The URL, as Kestrel takes it.</param>
/// <param name="HasHttp3">Whether its protocols include HTTP/3, which takes the UDP port as well where TLS is spoken.</param>
internal sealed record KestrelEndpointUrl(string Path, string Url, bool HasHttp3 = false);
