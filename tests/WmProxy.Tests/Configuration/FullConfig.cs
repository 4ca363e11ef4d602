namespace WmProxy.Tests.Configuration;

/// <summary>A configuration with every key that the reader knows.</summary>
internal static class FullConfig
{
    public const string Json = """
        {
          "WmProxy": {
            "Engine": "Portable",
            "DrainTimeout": "20s",
            "Streams": {
              "pg": {
                "Listen": [ "tcp://*:6432", "tls://[::1]:7000-7010", "unix:/run/pg.sock" ],
                "ClusterId": "cluster",
                "Match": { "ServerNames": [ "*.shop.example", "b" ], "AlpnProtocols": [ "h2" ] },
                "ConnectTimeout": "1s",
                "ConnectAttempts": 2,
                "IdleTimeout": "00:05:00",
                "HalfCloseTimeout": "500ms",
                "MaxConnections": 10,
                "MaxSessions": 100,
                "MaxConnectionsPerClient": 3,
                "Requests": 5,
                "Responses": 6,
                "Access": { "Allow": [ "10.0.0.0/8", "::1" ], "Deny": [ "10.1.0.0/16" ] },
                "Bandwidth": { "Upload": "1MB/s", "Download": "4KiB/s", "Per": "Client" },
                "ProxyProtocol": { "Accept": { "Versions": [ "V1", "V2" ], "From": [ "192.0.2.0/24" ], "Required": false }, "Send": "V2" },
                "Tls": {
                  "Certificate": { "Path": "c.pem", "KeyPath": "k.pem", "Password": "secret" },
                  "Sni": {
                    "*.a.example": {
                      "Certificate": { "Subject": "s", "Store": "My", "Location": "LocalMachine", "AllowInvalid": true },
                      "ClientCertificateMode": "AllowCertificate"
                    }
                  },
                  "ClientCertificateMode": "RequireCertificate",
                  "ClientCertificateAuthorities": "ca.pem",
                  "AlpnProtocols": [ "http/1.1" ]
                },
                "AccessLog": true
              },
              "ssh": { "Listen": "tcp://localhost:22", "To": "tcp://10.0.0.5:22" },
              "dns": { "Listen": [ "udp://*:53", "udp://[::1]:5300-5301" ], "To": "udp://10.0.0.5:53" }
            },
            "ForwardProxies": {
              "office": {
                "Listen": [ "tcp://127.0.0.1:8090", "tls://[::1]:8091", "unix:/run/forward.sock" ],
                "Protocols": [ "Http", "Socks4" ],
                "DetectTimeout": "2s",
                "Users": {
                  "alice": { "Password": "secret" },
                  "bob": { "PasswordHash": "$pbkdf2-sha512$i=210000$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0" }
                },
                "Rules": [
                  {
                    "Action": "Allow",
                    "Users": [ "alice" ],
                    "Clients": [ "127.0.0.0/8" ],
                    "Hosts": [ "*.corp.example", "corp.example", "203.0.113.0/24", "2001:db8::1" ],
                    "Ports": [ "443", "8000-8999", 22 ],
                    "Commands": [ "Http", "UdpAssociate" ],
                    "ClusterId": "parents",
                    "Bandwidth": { "Upload": "1MB/s", "Download": "4KiB/s", "Per": "Client" }
                  },
                  { "Action": "Allow" }
                ],
                "AllowLocalDestinations": false,
                "AllowAnonymous": true,
                "Guard": "ReportOnly",
                "ClusterId": "parents",
                "UdpAssociate": { "Enabled": true, "AdvertisedAddress": "198.51.100.7", "Ports": "30000-30999", "IdleTimeout": "30s", "MaxAssociationsPerClient": 4 },
                "Bind": { "Enabled": true },
                "ConnectTimeout": "3s",
                "ConnectAttempts": 2,
                "IdleTimeout": "5m",
                "HalfCloseTimeout": "10s",
                "MaxConnections": 100,
                "MaxConnectionsPerClient": 20,
                "Access": { "Allow": [ "127.0.0.0/8" ], "Deny": [ "127.0.0.9" ] },
                "Bandwidth": { "Upload": "2MB/s", "Download": "8KiB/s", "Per": "Connection" },
                "ProxyProtocol": { "Accept": { "Versions": [ "V2" ], "From": [ "127.0.0.2" ], "Required": true } },
                "Tls": {
                  "Certificate": { "Path": "c.pem", "KeyPath": "k.pem", "Password": "secret" },
                  "Sni": { "*.b.example": { "Certificate": { "Path": "c.pem" }, "ClientCertificateMode": "AllowCertificate" } },
                  "ClientCertificateMode": "RequireCertificate",
                  "ClientCertificateAuthorities": "ca.pem",
                  "AlpnProtocols": [ "http/1.1" ]
                },
                "AccessLog": true
              }
            },
            "StaticFiles": {
              "site": {
                "Match": {
                  "Hosts": [ "a.example" ],
                  "Path": "/f/{**path}",
                  "Methods": [ "GET" ],
                  "Headers": [ { "Name": "X-A", "Values": [ "1" ], "Mode": "HeaderPrefix", "IsCaseSensitive": true } ],
                  "QueryParameters": [ { "Name": "q", "Values": [ "1" ], "Mode": "Contains", "IsCaseSensitive": true } ]
                },
                "Order": -5,
                "Root": "wwwroot",
                "Prefix": "/f",
                "Browse": true,
                "IndexFiles": [ "index.html" ],
                "TryPaths": [ "{path}", "/index.html" ],
                "Hide": [ "*.bak" ],
                "Precompressed": [ "br" ],
                "CacheControl": "max-age=3600",
                "MimeTypes": { ".x": "text/x" },
                "DefaultContentType": "text/plain",
                "NotFoundFile": "404.html",
                "Headers": { "X-H": "v" },
                "CorsPolicy": "c",
                "RateLimiterPolicy": "r",
                "AuthorizationPolicy": "a"
              }
            },
            "StaticResponses": {
              "robots": {
                "Match": {
                  "Path": "/robots.txt",
                  "Headers": [ { "Name": "X-B", "Values": [ "2" ], "Mode": "Contains", "IsCaseSensitive": true } ],
                  "QueryParameters": [ { "Name": "r", "Values": [ "2" ], "Mode": "Prefix", "IsCaseSensitive": true } ]
                },
                "Order": 7,
                "StatusCode": 201,
                "ContentType": "text/html",
                "Body": "Hi\n",
                "Headers": { "X-H": "v" },
                "CorsPolicy": "c",
                "RateLimiterPolicy": "r",
                "AuthorizationPolicy": "a"
              }
            }
          }
        }
        """;
}
